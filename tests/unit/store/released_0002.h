/* SPDX-License-Identifier: Apache-2.0 */
/*
 * released_0002 - a store as migration 0002 left it, statement by statement.
 *
 * released_0001.h brought up to date by that release, and what only it could write: a second app, a
 * deployment with its key, a token of two environments, a numbered experiment, a cohort that came
 * and went, notes. Dumped by the database's own tool. Not to be changed: it stands for the stores
 * that are out there.
 */
#ifndef UNIT_STORE_RELEASED_0002_H
#define UNIT_STORE_RELEASED_0002_H

/* clang-format off */
static const char *const released_0002[] = {
    "PRAGMA foreign_keys=OFF;",
    "BEGIN TRANSACTION;",
    "CREATE TABLE schema_migration (  number INTEGER NOT NULL PRIMARY KEY,  name TEXT NOT"
    " NULL,  applied_ms INTEGER NOT NULL,  checksum BLOB NOT NULL) STRICT;",
    "INSERT INTO schema_migration VALUES(1,'0001_truth',1795341952172,X'fe03bf1f494f17d8a"
    "9cb812c78b894c207964d35dbb8ea6e5ba7a7f261859b41');",
    "INSERT INTO schema_migration VALUES(2,'0002_objects',1795354231254,X'77115a85191c055"
    "e9333eb8e1807391986954d68a74bdc6ac897913f6a342674');",
    "CREATE TABLE counter (  name TEXT NOT NULL PRIMARY KEY,  value INTEGER NOT NULL) STR"
    "ICT, WITHOUT ROWID;",
    "INSERT INTO counter VALUES('deployment',1);",
    "INSERT INTO counter VALUES('environment',3);",
    "INSERT INTO counter VALUES('flag',6);",
    "CREATE TABLE app_user (  id TEXT NOT NULL PRIMARY KEY,  email TEXT NOT NULL UNIQUE, "
    " role TEXT NOT NULL,  created_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;",
    "INSERT INTO app_user VALUES('user_1','owner@example.test','owner',1700000000000);",
    "INSERT INTO app_user VALUES('user_2','ann@example.test','editor',1700000001000);",
    "CREATE TABLE app (  id TEXT NOT NULL PRIMARY KEY,  name TEXT NOT NULL UNIQUE,  owner"
    "_user_id TEXT NOT NULL REFERENCES app_user (id),  hides_flags_by_default INTEGER NOT"
    " NULL,  created_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;",
    "INSERT INTO app VALUES('app_1','Shop','user_1',1,1700000000000);",
    "INSERT INTO app VALUES('app_2','Bank','user_2',0,1700000001000);",
    "CREATE TABLE environment (  number INTEGER NOT NULL PRIMARY KEY,  id TEXT NOT NULL U"
    "NIQUE,  app_id TEXT NOT NULL REFERENCES app (id),  name TEXT NOT NULL,  version INTE"
    "GER NOT NULL,  created_ms INTEGER NOT NULL,  monthly_quota INTEGER NOT NULL,  UNIQUE"
    " (app_id, name)) STRICT;",
    "INSERT INTO environment VALUES(1,'env_1','app_1','production',6,1700000000000,1000);",
    "INSERT INTO environment VALUES(2,'env_2','app_1','staging',2,1700000000000,0);",
    "INSERT INTO environment VALUES(3,'env_3','app_2','development',2,1700000001000,0);",
    "CREATE TABLE credential (  id TEXT NOT NULL PRIMARY KEY,  kind TEXT NOT NULL,  hash "
    "BLOB NOT NULL UNIQUE,  shown TEXT NOT NULL,  tail TEXT NOT NULL,  user_id TEXT REFER"
    "ENCES app_user (id),  app_id TEXT REFERENCES app (id),  environment INTEGER REFERENC"
    "ES environment (number),  created_ms INTEGER NOT NULL,  expires_ms INTEGER NOT NULL,"
    "  revoked_ms INTEGER NOT NULL, name TEXT, deployment INTEGER REFERENCES deployment ("
    "number)) STRICT;",
    "INSERT INTO credential VALUES('key_1','browser',X'0101010101010101010101010101010101"
    "010101010101010101010101010101','pub_prod_','aaaa',NULL,'app_1',1,1700000000001,0,0,"
    "NULL,NULL);",
    "INSERT INTO credential VALUES('key_2','server',X'02020202020202020202020202020202020"
    "20202020202020202020202020202','sdk_prod_','bbbb',NULL,'app_1',2,1700000000002,0,170"
    "0000000700,NULL,NULL);",
    "INSERT INTO credential VALUES('token_1','personal',X'0303030303030303030303030303030"
    "303030303030303030303030303030303','cli_','cccc','user_1',NULL,NULL,1700000000003,0,"
    "0,NULL,NULL);",
    "INSERT INTO credential VALUES('token_2','app',X'040404040404040404040404040404040404"
    "0404040404040404040404040404','admin_','dddd',NULL,'app_1',NULL,1700000000004,170000"
    "0000005,0,NULL,NULL);",
    "INSERT INTO credential VALUES('key_3','client deployment',X'050505050505050505050505"
    "0505050505050505050505050505050505050505','client-','eeee',NULL,'app_2',3,1700000001"
    "001,0,0,NULL,1);",
    "INSERT INTO credential VALUES('token_3','environment',X'0606060606060606060606060606"
    "060606060606060606060606060606060606','ampex_','ffff',NULL,NULL,NULL,1700000001002,1"
    "700000002000,0,'ci',NULL);",
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
    "INSERT INTO environment_version VALUES(3,0,1700000001000);",
    "INSERT INTO environment_version VALUES(3,1,1700000001100);",
    "INSERT INTO environment_version VALUES(3,2,1700000001200);",
    "CREATE TABLE revision (  environment INTEGER NOT NULL,  kind TEXT NOT NULL,  key TEX"
    "T NOT NULL,  version_from INTEGER NOT NULL,  version_to INTEGER NOT NULL,  object_id"
    " TEXT NOT NULL,  is_tombstone INTEGER NOT NULL,  checksum BLOB NOT NULL,  document T"
    "EXT NOT NULL, actor TEXT NOT NULL DEFAULT '', sequence INTEGER NOT NULL DEFAULT 0,  "
    "PRIMARY KEY (environment, kind, key, version_from),  FOREIGN KEY (environment, versi"
    "on_from)    REFERENCES environment_version (environment, version)) STRICT;",
    "INSERT INTO revision VALUES(1,'flag','a',1,2,'flag_a',0,X'c67c573e89cc83f8','{\"a\":"
    "1}','owner@example.test',1);",
    "INSERT INTO revision VALUES(2,'flag','a',1,2,'flag_s',0,X'11105aa6608dbffb','{\"s\":"
    "1}','token_2',1);",
    "INSERT INTO revision VALUES(1,'flag','a',2,4,'flag_a',0,X'77cadf5b1bdc47de','{\"a\":"
    "2}','token_2',2);",
    "INSERT INTO revision VALUES(1,'flag','b',3,6,'flag_b',0,X'd45b78068ae560b9','{\"b\":"
    "1}','owner@example.test',1);",
    "INSERT INTO revision VALUES(1,'flag','c',3,0,'flag_c',0,X'bed2aa235dc8a046','{\"c\":"
    "1}','owner@example.test',1);",
    "INSERT INTO revision VALUES(1,'segment','x',3,6,'segment_x',0,X'3bc910d807265019','{"
    "\"x\":1}','owner@example.test',1);",
    "INSERT INTO revision VALUES(1,'settings','settings',3,0,'env_1',0,X'4a4ecf9f7ed7d7ad"
    "','{\"set\":1}','owner@example.test',1);",
    "INSERT INTO revision VALUES(1,'flag','a',4,5,'flag_a',1,X'57dd61b9787ecfea','','owne"
    "r@example.test',2);",
    "INSERT INTO revision VALUES(1,'flag','a',5,0,'flag_a2',0,X'27d4efe9edc623d9','{\"aga"
    "in\":1}','',1);",
    "INSERT INTO revision VALUES(1,'segment','x',6,0,'segment_x',0,X'00d69bfd3bd81bfb','{"
    "\"x\":2}','token_2',2);",
    "INSERT INTO revision VALUES(1,'flag','b',6,0,'flag_b',0,X'd8616daa5785b927','{\"b\":"
    "\"zwei ✓ ''quoted''\"}','token_2',2);",
    "INSERT INTO revision VALUES(2,'flag','a',2,0,'flag_s',0,X'37b20caca5482db3','{\"s\":"
    "2}','owner@example.test',2);",
    "INSERT INTO revision VALUES(3,'flag','x',1,2,'flag_x',0,X'f644b9d5052dc80a','{\"x\":"
    "1}','ann@example.test',1);",
    "INSERT INTO revision VALUES(3,'cohort','vip',1,2,'vip',0,X'da36ef824fc31bce','{\"id"
    "\":\"vip\"}','ann@example.test',1);",
    "INSERT INTO revision VALUES(3,'flag','x',2,0,'flag_x',0,X'b504e19669c21fea','{\"x\":"
    "2}','ann@example.test',2);",
    "INSERT INTO revision VALUES(3,'cohort','vip',2,0,'vip',1,X'502093cb33726394','','ann"
    "@example.test',1);",
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
    "INSERT INTO audit VALUES(11,1700000001100,'ann@example.test','flag.put','app_2',3,1,"
    "'x','{}',X'aef4466ea37f5deb8fe53adb93362c308f413672ccedd58e4be7f934237f28cc',X'8d15b"
    "755d68befa145a34a6ec4be281285939bb0c764c42193dadbfb88299c20');",
    "INSERT INTO audit VALUES(12,1700000001200,'ann@example.test','flag.put','app_2',3,2,"
    "'x','{}',X'8d15b755d68befa145a34a6ec4be281285939bb0c764c42193dadbfb88299c20',X'b87cb"
    "35831ddb8eed48982683bf1fc9d28375396fb6a2ca2a1972df82b9d3cb2');",
    "CREATE TABLE audit_head (  id INTEGER NOT NULL PRIMARY KEY,  sequence INTEGER NOT NU"
    "LL,  hash BLOB) STRICT;",
    "INSERT INTO audit_head VALUES(1,12,X'b87cb35831ddb8eed48982683bf1fc9d28375396fb6a2ca"
    "2a1972df82b9d3cb2');",
    "CREATE TABLE event (  environment INTEGER NOT NULL,  event_id TEXT NOT NULL,  kind T"
    "EXT NOT NULL,  flag_key TEXT,  variation TEXT,  subject_id TEXT,  version INTEGER NO"
    "T NULL,  at_ms INTEGER NOT NULL,  received_ms INTEGER NOT NULL,  document TEXT NOT N"
    "ULL,  PRIMARY KEY (environment, event_id)) STRICT;",
    "INSERT INTO event VALUES(1,'e1','exposure','a','on','s',2,1700000000900,170000000090"
    "1,'{}');",
    "CREATE TABLE quota_use (  environment INTEGER NOT NULL,  month INTEGER NOT NULL,  us"
    "ed INTEGER NOT NULL,  PRIMARY KEY (environment, month)) STRICT, WITHOUT ROWID;",
    "INSERT INTO quota_use VALUES(1,202311,42);",
    "CREATE TABLE object (  number INTEGER NOT NULL PRIMARY KEY,  environment INTEGER NOT"
    " NULL REFERENCES environment (number),  object_id TEXT NOT NULL,  object_group INTEG"
    "ER NOT NULL,  created_ms INTEGER NOT NULL,  created_by TEXT NOT NULL,  UNIQUE (envir"
    "onment, object_id)) STRICT;",
    "INSERT INTO object VALUES(1,1,'flag_a',0,1700000000100,'owner@example.test');",
    "INSERT INTO object VALUES(2,2,'flag_s',0,1700000000150,'token_2');",
    "INSERT INTO object VALUES(3,1,'flag_b',0,1700000000300,'owner@example.test');",
    "INSERT INTO object VALUES(4,1,'flag_c',0,1700000000300,'owner@example.test');",
    "INSERT INTO object VALUES(5,1,'flag_a2',0,1700000000500,'');",
    "INSERT INTO object VALUES(6,3,'flag_x',1,1700000001100,'ann@example.test');",
    "CREATE TABLE deployment (  number INTEGER NOT NULL PRIMARY KEY,  environment INTEGER"
    " NOT NULL REFERENCES environment (number),  label TEXT NOT NULL,  key TEXT NOT NULL "
    "UNIQUE,  kind TEXT NOT NULL,  is_archived INTEGER NOT NULL,  created_ms INTEGER NOT "
    "NULL) STRICT;",
    "INSERT INTO deployment VALUES(1,3,'web','client-k','client deployment',0,17000000010"
    "01);",
    "CREATE TABLE credential_environment (  credential_id TEXT NOT NULL REFERENCES creden"
    "tial (id),  environment INTEGER NOT NULL REFERENCES environment (number),  PRIMARY K"
    "EY (credential_id, environment)) STRICT, WITHOUT ROWID;",
    "INSERT INTO credential_environment VALUES('token_3',1);",
    "INSERT INTO credential_environment VALUES('token_3',3);",
    "CREATE TABLE cohort_members (  digest BLOB NOT NULL PRIMARY KEY,  bytes BLOB NOT NUL"
    "L) STRICT;",
    "INSERT INTO cohort_members VALUES(X'039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced528"
    "7d84a1a2011cfb81',X'010203');",
    "CREATE TABLE note (  kind TEXT NOT NULL,  environment INTEGER NOT NULL,  key TEXT NO"
    "T NULL,  value TEXT NOT NULL,  at_ms INTEGER NOT NULL,  PRIMARY KEY (kind, environme"
    "nt, key)) STRICT;",
    "INSERT INTO note VALUES('device',3,'d1','u1',1700000001300);",
    "INSERT INTO note VALUES('variation',3,'flag_x u1','on',1700000001301);",
    "CREATE INDEX credential_live ON credential (created_ms, id) WHERE revoked_ms = 0;",
    "CREATE UNIQUE INDEX revision_current ON revision (environment, kind, key)  WHERE ver"
    "sion_to = 0;",
    "CREATE INDEX revision_ended ON revision (environment, version_to) WHERE version_to <"
    "> 0;",
    "CREATE UNIQUE INDEX revision_object ON revision (environment, kind, object_id, seque"
    "nce)  WHERE is_tombstone = 0;",
    "CREATE INDEX environment_version_at ON environment_version (environment, at_ms, vers"
    "ion);",
    "CREATE INDEX revision_listed ON revision (environment, version_from)  WHERE kind = '"
    "flag' AND is_tombstone = 0;",
    "CREATE INDEX note_newest ON note (kind, at_ms, environment, key);",
    "COMMIT;",
};
/* clang-format on */

#endif
