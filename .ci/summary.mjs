// Reads the test runner's JSON results and ends with the closing line that says how many tests passed, failed and were
// skipped, over all of them. A test that passed only when it was tried again is named, with why. Exits with 1 if a test failed or was skipped, or if one of the runs had none: a suite that
// runs nothing proves nothing.
import { existsSync, readFileSync } from 'node:fs';

const paths = process.argv.slice(2);
const counts = { passed: 0, failed: 0, skipped: 0 };

function count({ name, status, assertionResults }) {
  // A file that could not be loaded has no tests to count, and is a failure all the same.
  if (status === 'failed' && !assertionResults.some((test) => test.status === 'failed')) {
    console.log(`failed: ${name}`);
    counts.failed += 1;
  }
  for (const test of assertionResults) {
    if (test.status === 'passed') {
      counts.passed += 1;
      const [first] = test.failureMessages;
      if (first !== undefined) {
        console.log(`second attempt: ${name}: ${test.fullName}: ${first.split('\n')[0]}`);
      }
      continue;
    }
    const kind = test.status === 'failed' ? 'failed' : 'skipped';
    counts[kind] += 1;
    console.log(`${kind}: ${name}: ${test.fullName}`);
  }
}

for (const path of paths) {
  const files = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).testResults : [];
  if (!files.some(({ assertionResults }) => assertionResults.length > 0)) {
    console.log(`failed: no test result in ${path}`);
    counts.failed += 1;
  }
  for (const file of files) count(file);
}
console.log(`${counts.skipped} tests were skipped`);
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.passed > 0 && counts.failed === 0 && counts.skipped === 0 ? 0 : 1;
