// Validates GLB files with Khronos's validator; prints what is wrong and fails when anything is.
// node gltf.mjs FOLDER_OF_NODE_MODULES FILE...
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [modules, ...files] = process.argv.slice(2);
const validator = createRequire(`${modules}/`)('gltf-validator');
let wrong = 0;
for (const file of files) {
  const report = await validator.validateBytes(new Uint8Array(readFileSync(file)));
  const { numErrors, numWarnings } = report.issues;
  wrong += numErrors + numWarnings;
  console.log(`${file}: ${numErrors} errors, ${numWarnings} warnings, ${report.info.totalTriangleCount} triangles`);
  for (const issue of report.issues.messages.filter((one) => one.severity < 2)) {
    console.log(`  ${issue.code} at ${issue.pointer}: ${issue.message}`);
  }
}
process.exit(wrong ? 1 : 0);
