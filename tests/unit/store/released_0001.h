/* SPDX-License-Identifier: Apache-2.0 */
/*
 * released_0001 - a store as the first release left it, statement by statement.
 *
 * Written by that release through its store.h and dumped by the database's own tool: two
 * environments; flags made, changed, deleted and made again; an import; a version without an audit
 * row; a revoked key; an event. Not to be changed: it stands for the stores that are out there.
 */
#ifndef UNIT_STORE_RELEASED_0001_H
#define UNIT_STORE_RELEASED_0001_H

/* clang-format off */
static const char *const released_0001[] = {
    "PRAGMA foreign_keys=OFF;",
    "BEGIN TRANSACTION;",
    "CREATE TABLE schema_migration (  number INTEGER NOT NULL PRIMARY KEY,  name TEXT NOT"
    " NULL,  applied_ms INTEGER NOT NULL,  checksum BLOB NOT NULL) STRICT;",
    "INSERT INTO schema_migration VALUES(1,'0001_truth',1795341952172,X'fe03bf1f494f17d8a"
    "9cb812c78b894c207964d35dbb8ea6e5ba7a7f261859b41');",
    "CREATE TABLE counter (  name TEXT NOT NULL PRIMARY KEY,  value INTEGER NOT NULL) STR"
    "ICT, WITHOUT ROWID;",
    "INSERT INTO counter VALUES('environment',2);",
    "CREATE TABLE app_user (  id TEXT NOT NULL PRIMARY KEY,  email TEXT NOT NULL UNIQUE, "
    " role TEXT NOT NULL,  created_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;",
    "INSERT INTO app_user VALUES('user_1','owner@example.test','owner',1700000000000);",
    "CREATE TABLE app (  id TEXT NOT NULL PRIMARY KEY,  name TEXT NOT NULL UNIQUE,  owner"
    "_user_id TEXT NOT NULL REFERENCES app_user (id),  hides_flags_by_default INTEGER NOT"
    " NULL,  created_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;",
    "INSERT INTO app VALUES('app_1','Shop','user_1',1,1700000000000);",
    "CREATE TABLE environment (  number INTEGER NOT NULL PRIMARY KEY,  id TEXT NOT NULL U"
    "NIQUE,  app_id TEXT NOT NULL REFERENCES app (id),  name TEXT NOT NULL,  version INTE"
    "GER NOT NULL,  created_ms INTEGER NOT NULL,  monthly_quota INTEGER NOT NULL,  UNIQUE"
    " (app_id, name)) STRICT;",
    "INSERT INTO environment VALUES(1,'env_1','app_1','production',6,1700000000000,1000);",
    "INSERT INTO environment VALUES(2,'env_2','app_1','staging',2,1700000000000,0);",
    "CREATE TABLE credential (  id TEXT NOT NULL PRIMARY KEY,  kind TEXT NOT NULL,  hash "
    "BLOB NOT NULL UNIQUE,  shown TEXT NOT NULL,  tail TEXT NOT NULL,  user_id TEXT REFER"
    "ENCES app_user (id),  app_id TEXT REFERENCES app (id),  environment INTEGER REFERENC"
    "ES environment (number),  created_ms INTEGER NOT NULL,  expires_ms INTEGER NOT NULL,"
    "  revoked_ms INTEGER NOT NULL) STRICT;",
    "INSERT INTO credential VALUES('key_1','browser',X'0101010101010101010101010101010101"
    "010101010101010101010101010101','pub_prod_','aaaa',NULL,'app_1',1,1700000000001,0,0)"
    ";",
    "INSERT INTO credential VALUES('key_2','server',X'02020202020202020202020202020202020"
    "20202020202020202020202020202','sdk_prod_','bbbb',NULL,'app_1',2,1700000000002,0,170"
    "0000000700);",
    "INSERT INTO credential VALUES('token_1','personal',X'0303030303030303030303030303030"
    "303030303030303030303030303030303','cli_','cccc','user_1',NULL,NULL,1700000000003,0,"
    "0);",
    "INSERT INTO credential VALUES('token_2','app',X'040404040404040404040404040404040404"
    "0404040404040404040404040404','admin_','dddd',NULL,'app_1',NULL,1700000000004,170000"
    "0000005,0);",
    "CREATE TABLE environment_version (  environment INTEGER NOT NULL REFERENCES environm"
    "ent (number),  version INTEGER NOT NULL,  at_ms INTEGER NOT NULL,  PRIMARY KEY (envi"
    "ronment, version)) STRICT, WITHOUT ROWID;",
    "INSERT INTO environment_version VALUES(1,0,1700000000000);",
    "INSERT INTO environment_version VALUES(1,1,1700000000100);",
    "INSERT INTO environment_version VALUES(1,2,1700000000200);",
    "INSERT INTO environment_version VALUES(1,3,1700000000300);",
    "INSERT INTO environment_version VALUES(1,4,1700000000400);",
    "INSERT INTO environment_version VALUES(1,5,1700000000500);",
    "INSERT INTO environment_version VALUES(1,6,1700000000600);",
    "INSERT INTO environment_version VALUES(2,0,1700000000000);",
    "INSERT INTO environment_version VALUES(2,1,1700000000150);",
    "INSERT INTO environment_version VALUES(2,2,1700000000800);",
    "CREATE TABLE revision (  environment INTEGER NOT NULL,  kind TEXT NOT NULL,  key TEX"
    "T NOT NULL,  version_from INTEGER NOT NULL,  version_to INTEGER NOT NULL,  object_id"
    " TEXT NOT NULL,  is_tombstone INTEGER NOT NULL,  checksum BLOB NOT NULL,  document T"
    "EXT NOT NULL,  PRIMARY KEY (environment, kind, key, version_from),  FOREIGN KEY (env"
    "ironment, version_from)    REFERENCES environment_version (environment, version)) ST"
    "RICT;",
    "INSERT INTO revision VALUES(1,'flag','a',1,2,'flag_a',0,X'c67c573e89cc83f8','{\"a\":1}"
    "');",
    "INSERT INTO revision VALUES(2,'flag','a',1,2,'flag_s',0,X'11105aa6608dbffb','{\"s\":1}"
    "');",
    "INSERT INTO revision VALUES(1,'flag','a',2,4,'flag_a',0,X'77cadf5b1bdc47de','{\"a\":2}"
    "');",
    "INSERT INTO revision VALUES(1,'flag','b',3,6,'flag_b',0,X'd45b78068ae560b9','{\"b\":1}"
    "');",
    "INSERT INTO revision VALUES(1,'flag','c',3,0,'flag_c',0,X'bed2aa235dc8a046','{\"c\":1}"
    "');",
    "INSERT INTO revision VALUES(1,'segment','x',3,6,'segment_x',0,X'3bc910d807265019','{"
    "\"x\":1}');",
    "INSERT INTO revision VALUES(1,'settings','settings',3,0,'env_1',0,X'4a4ecf9f7ed7d7ad"
    "','{\"set\":1}');",
    "INSERT INTO revision VALUES(1,'flag','a',4,5,'flag_a',1,X'57dd61b9787ecfea','');",
    "INSERT INTO revision VALUES(1,'flag','a',5,0,'flag_a2',0,X'27d4efe9edc623d9','{\"agai"
    "n\":1}');",
    "INSERT INTO revision VALUES(1,'segment','x',6,0,'segment_x',0,X'00d69bfd3bd81bfb','{"
    "\"x\":2}');",
    "INSERT INTO revision VALUES(1,'flag','b',6,0,'flag_b',0,X'd8616daa5785b927','{\"b\":\"z"
    "wei ✓ ''quoted''\"}');",
    "INSERT INTO revision VALUES(2,'flag','a',2,0,'flag_s',0,X'37b20caca5482db3','{\"s\":2}"
    "');",
    "CREATE TABLE audit (  sequence INTEGER NOT NULL PRIMARY KEY,  at_ms INTEGER NOT NULL"
    ",  actor TEXT NOT NULL,  action TEXT NOT NULL,  app_id TEXT,  environment INTEGER NO"
    "T NULL,  version INTEGER NOT NULL,  subject TEXT NOT NULL,  detail TEXT NOT NULL,  p"
    "revious_hash BLOB NOT NULL,  hash BLOB NOT NULL) STRICT;",
    "INSERT INTO audit VALUES(1,1700000000000,'owner@example.test','app.create','app_1',0"
    ",0,'app_1','{}',X'0000000000000000000000000000000000000000000000000000000000000000',"
    "X'17cd1de74826b3082c8b3d6146a8014edabb9d1404c6a12135df2a6efcbbad41');",
    "INSERT INTO audit VALUES(2,1700000000001,'owner@example.test','key.create','app_1',1"
    ",0,'key_1','{}',X'17cd1de74826b3082c8b3d6146a8014edabb9d1404c6a12135df2a6efcbbad41',"
    "X'49c18316713dedff199dcca08842ea1b2bc3d2fb8819608db5c9f6dfe231e40d');",
    "INSERT INTO audit VALUES(3,1700000000100,'owner@example.test','flag.create','app_1',"
    "1,1,'a','{}',X'49c18316713dedff199dcca08842ea1b2bc3d2fb8819608db5c9f6dfe231e40d',X'6"
    "09e7a4e2f0234632b42c961ba1e918afde2d9799e536c9417b20e836f1d6a50');",
    "INSERT INTO audit VALUES(4,1700000000150,'token_2','flag.create','app_1',2,1,'a','{}"
    "',X'609e7a4e2f0234632b42c961ba1e918afde2d9799e536c9417b20e836f1d6a50',X'fdc778cb4179"
    "0999d74133fb62e60b8c648c33761000a54f2a49e41cb95941ed');",
    "INSERT INTO audit VALUES(5,1700000000200,'token_2','flag.update','app_1',1,2,'a','{}"
    "',X'fdc778cb41790999d74133fb62e60b8c648c33761000a54f2a49e41cb95941ed',X'f6548383c65e"
    "76aaaf1ee15f5e6dae1d31b5a10d8cc509b76d126e220ebc9811');",
    "INSERT INTO audit VALUES(6,1700000000300,'owner@example.test','config.import','app_1"
    "',1,3,'b','{}',X'f6548383c65e76aaaf1ee15f5e6dae1d31b5a10d8cc509b76d126e220ebc9811',X"
    "'0f6b662a74f19f8188b61d1a40e36a40122006110e6a6abe1e67e834cacbdcd9');",
    "INSERT INTO audit VALUES(7,1700000000400,'owner@example.test','flag.delete','app_1',"
    "1,4,'a','{}',X'0f6b662a74f19f8188b61d1a40e36a40122006110e6a6abe1e67e834cacbdcd9',X'0"
    "8f2b51737a8935e46b5fcc815a8308970de1f99f67e4b2e65a0af33c5a61f49');",
    "INSERT INTO audit VALUES(8,1700000000600,'token_2','segment.update','app_1',1,6,'x',"
    "'{}',X'08f2b51737a8935e46b5fcc815a8308970de1f99f67e4b2e65a0af33c5a61f49',X'dd802dae5"
    "dfa8c2369598a5247414b61838a62e60a9f7dda75312f3522993870');",
    "INSERT INTO audit VALUES(9,1700000000700,'owner@example.test','key.revoke','app_1',2"
    ",0,'key_2','{}',X'dd802dae5dfa8c2369598a5247414b61838a62e60a9f7dda75312f3522993870',"
    "X'58a47fddf4e47ea058ac32f9aa3f98a86540ff7d1f10101e9de77161fc33e86e');",
    "INSERT INTO audit VALUES(10,1700000000800,'owner@example.test','flag.update','app_1'"
    ",2,2,'a','{}',X'58a47fddf4e47ea058ac32f9aa3f98a86540ff7d1f10101e9de77161fc33e86e',X'"
    "aef4466ea37f5deb8fe53adb93362c308f413672ccedd58e4be7f934237f28cc');",
    "CREATE TABLE audit_head (  id INTEGER NOT NULL PRIMARY KEY,  sequence INTEGER NOT NU"
    "LL,  hash BLOB) STRICT;",
    "INSERT INTO audit_head VALUES(1,10,X'aef4466ea37f5deb8fe53adb93362c308f413672ccedd58"
    "e4be7f934237f28cc');",
    "CREATE TABLE event (  environment INTEGER NOT NULL,  event_id TEXT NOT NULL,  kind T"
    "EXT NOT NULL,  flag_key TEXT,  variation TEXT,  subject_id TEXT,  version INTEGER NO"
    "T NULL,  at_ms INTEGER NOT NULL,  received_ms INTEGER NOT NULL,  document TEXT NOT N"
    "ULL,  PRIMARY KEY (environment, event_id)) STRICT;",
    "INSERT INTO event VALUES(1,'e1','exposure','a','on','s',2,1700000000900,170000000090"
    "1,'{}');",
    "CREATE TABLE quota_use (  environment INTEGER NOT NULL,  month INTEGER NOT NULL,  us"
    "ed INTEGER NOT NULL,  PRIMARY KEY (environment, month)) STRICT, WITHOUT ROWID;",
    "INSERT INTO quota_use VALUES(1,202311,42);",
    "CREATE INDEX credential_live ON credential (created_ms, id) WHERE revoked_ms = 0;",
    "CREATE UNIQUE INDEX revision_current ON revision (environment, kind, key)  WHERE ver"
    "sion_to = 0;",
    "CREATE INDEX revision_ended ON revision (environment, version_to) WHERE version_to <"
    "> 0;",
    "COMMIT;",
};
/* clang-format on */

#endif
