// Completes package-lock.json after `npm install`: npm (since about 11.16, npm/cli#9846) leaves out optional packages of
// platforms the registry did not serve and then `npm ci` refuses the lock it wrote. Run after every change of dependencies.
import fs from 'node:fs';

const OS = ['darwin', 'linux', 'win32', 'freebsd', 'android', 'openbsd', 'netbsd', 'sunos', 'aix', 'openharmony'];
const CPU = ['arm64', 'x64', 'ia32', 'arm', 'ppc64', 's390x', 'riscv64', 'loong64', 'mips64el', 'wasm32'];
const file = 'package-lock.json';
const lock = JSON.parse(fs.readFileSync(file, 'utf8'));
const packages = lock.packages;

function isInstalled(from, name) {
  for (let directory = from; ; ) {
    if (packages[`${directory === '' ? '' : `${directory}/`}node_modules/${name}`]) return true;
    if (directory === '') return false;
    const parent = directory.lastIndexOf('/node_modules/');
    directory = parent < 0 ? '' : directory.slice(0, parent);
  }
}

let added = 0;
for (const [at, entry] of Object.entries({ ...packages })) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    const version = /\d+\.\d+\.\d+\S*/.exec(range)?.[0];
    if (version === undefined || isInstalled(at, name)) continue;
    const parts = name.replace('windows', 'win32').split(/[-/@]/);
    const os = OS.find((candidate) => parts.includes(candidate));
    const cpu = CPU.find((candidate) => parts.includes(candidate));
    const libc = parts.includes('musl') ? 'musl' : parts.includes('gnu') ? 'glibc' : undefined;
    packages[`node_modules/${name}`] = {
      version,
      optional: true,
      ...(entry.dev && { dev: true }),
      ...(cpu && { cpu: [cpu] }),
      ...(os && { os: [os] }),
      ...(libc && { libc: [libc] }),
    };
    added += 1;
  }
}
// A lock must not name the registry it was made with.
for (const entry of Object.values(packages)) {
  if (typeof entry.resolved === 'string' && /^https?:/.test(entry.resolved)) delete entry.resolved;
}
const { '': root, ...rest } = packages;
const sorted = Object.entries(rest).sort(([a], [b]) => a.localeCompare(b, 'en'));
lock.packages = { '': root, ...Object.fromEntries(sorted) };
fs.writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${file}: ${added} entries of other platforms added`);
