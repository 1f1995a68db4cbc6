// Writes the TypeScript types of everything under proto/ into src/generated, from scratch.
// The options must match those that the service and the client give to proto-loader at run time: the types
// describe the objects that it makes. The folder is swapped in whole, and only when something changed, so that a
// compiler or a test that runs at the same time does not see half of it.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const OPTIONS = [
  '--importFileExtension=.js',
  '--longs=Number',
  '--enums=String',
  '--defaults',
  '--oneofs',
  '--grpcLib=@grpc/grpc-js',
  '--includeDirs=proto',
];

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const target = 'src/generated';
const scratch = `node_modules/.cache/quorate-generated-${process.pid}`;

function filesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

function isSame(left, right) {
  const names = filesIn(left);
  if (!existsSync(right) || names.join() !== filesIn(right).join()) return false;
  return names.every((name) =>
    readFileSync(join(left, name)).equals(readFileSync(join(right, name))),
  );
}

/** The generator names a file after its last part only, so equal last parts would overwrite each other. */
function refuseEqualNames(protos) {
  const seen = new Map();
  for (const proto of protos) {
    const other = seen.get(basename(proto));
    if (other !== undefined) throw new Error(`${proto} and ${other} need different file names`);
    seen.set(basename(proto), proto);
  }
}

/** Removes what the generator declares in each file and uses only for services: our compiler flags refuse the unused. */
function dropUnused(file) {
  const text = readFileSync(file, 'utf8');
  let kept = text;
  if (!text.includes('grpc.'))
    kept = kept.replace("import type * as grpc from '@grpc/grpc-js';\n", '');
  if (text.split('SubtypeConstructor<').length === 2) {
    kept = kept.replace(/type SubtypeConstructor<[^{]*\{[^}]*\};\n/, '');
  }
  if (kept !== text) writeFileSync(file, kept);
}

const protos = filesIn('proto').filter((name) => name.endsWith('.proto'));
refuseEqualNames(protos);
rmSync(scratch, { recursive: true, force: true });
mkdirSync(scratch, { recursive: true });
try {
  if (protos.length > 0) {
    execFileSync(
      process.execPath,
      [
        'node_modules/@grpc/proto-loader/build/bin/proto-loader-gen-types.js',
        ...OPTIONS,
        `--outDir=${scratch}`,
        ...protos,
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
  }
  for (const proto of protos) {
    const made = basename(proto).replace(/\.proto$/, '.ts');
    if (!existsSync(join(scratch, made))) throw new Error(`nothing was generated for ${proto}`);
    dropUnused(join(scratch, made));
  }
  if (!isSame(scratch, target)) {
    rmSync(target, { recursive: true, force: true });
    renameSync(scratch, target);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(`generated ${target} from ${protos.length} proto files`);
