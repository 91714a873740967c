#!/bin/sh
# Brings node_modules up to date with package-lock.json; does nothing when it is.
set -e
if ! command -v npm >/dev/null 2>&1; then
  echo "Millrace needs Node.js 20 or newer with npm: https://nodejs.org" >&2
  exit 1
fi
if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo "installing packages (once, about half a minute) ..."
  npm ci --loglevel=error
fi
if [ ! -x node_modules/.bin/node ]; then
  # No pinned Node for this platform: the one on PATH has to do.
  node -e "
    const [major, minor] = process.versions.node.split('.').map(Number);
    if (major < 24) {
      console.error('Millrace runs on Node.js 24; this is ' + process.version + ' and no pinned one exists for ' + process.platform + '-' + process.arch + '. Install Node.js 24.');
      process.exit(1);
    }"
fi
