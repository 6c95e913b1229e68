// SPDX-License-Identifier: Apache-2.0
// Writes src/eval/lower_case_table.c: what ECMAScript's toLowerCase does, as this engine does it.
//     node tools/lower-case-table.js > src/eval/lower_case_table.c
'use strict';
const LAST = 0x10ffff;
const isSurrogate = (c) => c >= 0xd800 && c <= 0xdfff;
const hex = (n) => '0x' + n.toString(16).toUpperCase();

function mappings() {
  const runs = [];
  for (let c = 0x80; c <= LAST; c++) {
    if (isSurrogate(c)) continue;
    const lower = String.fromCodePoint(c).toLowerCase();
    if (lower === String.fromCodePoint(c)) continue;
    if (c === 0x130 || c === 0x3a3) continue; // two characters; depends on what is around it
    if ([...lower].length !== 1) throw new Error('U+' + c.toString(16) + ' has no simple lower case');
    const delta = lower.codePointAt(0) - c;
    const last = runs[runs.length - 1];
    const gap = last ? c - last.last : 0;
    if (last && last.delta === delta && (gap === last.step || (last.step === 0 && gap <= 2))) {
      last.last = c;
      last.step = gap;
    } else {
      runs.push({ first: c, last: c, step: 0, delta });
    }
  }
  return runs;
}

function ranges(belongs) {
  const found = [];
  for (let c = 0; c <= LAST; c++) {
    if (isSurrogate(c) || !belongs(String.fromCodePoint(c))) continue;
    const last = found[found.length - 1];
    if (last && last.last === c - 1) last.last = c;
    else found.push({ first: c, last: c });
  }
  return found;
}

const ignorable = ranges((s) => /^\p{Case_Ignorable}$/u.test(s));
const cased = ranges((s) => /^\p{Cased}$/u.test(s) && !/^\p{Case_Ignorable}$/u.test(s));
const line = (r) => `{${hex(r.first)}, ${hex(r.last)}}`;
console.log(`/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lower_case_table - Unicode ${process.versions.unicode}, made by tools/lower-case-table.js. Not edited by hand.
 */
#include "eval/lower_case_table.h"

/* clang-format off */`);
const print = (type, name, rows) => {
  console.log(`const struct ${type} ${name}[] = {`);
  for (let i = 0; i < rows.length; i += 3) console.log('    ' + rows.slice(i, i + 3).join(', ') + ',');
  console.log(`};\nconst size_t ${name}_count = COUNT_OF(${name});`);
};
print('case_run', 'lower_case_runs',
  mappings().map((r) => `{${hex(r.first)}, ${hex(r.last)}, ${r.step === 2 ? 2 : 1}, ${r.delta}}`));
print('case_range', 'case_ignorable', ignorable.map(line));
print('case_range', 'case_bearing', cased.map(line));
console.log('/* clang-format on */');
