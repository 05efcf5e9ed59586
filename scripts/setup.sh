# Installs the dependencies, unless nothing has changed since they were installed: `npm run setup`.
# A shell script, because it must work before anything is installed. It writes only to stderr.

# A copy of what the last complete installation was made from, and made.
stamp=node_modules/.paceline-setup

state() {
  uname -sm
  cat .pnpmfile.mjs patches/* pnpm-lock.yaml pnpm-workspace.yaml package.json */package.json */*/package.json
  ls node_modules node_modules/.bin node_modules/.pnpm */node_modules */*/node_modules */*/node_modules/@*
}

test -f "$stamp" && state 2>/dev/null | cmp -s - "$stamp" && exit

echo 'Paceline: installing dependencies (a minute or two the first time, seconds after a change) …' >&2
# Node's cache of compiled code keeps that of earlier versions, too.
rm -rf "$stamp" node_modules/.cache/node
npx --yes pnpm@12.21.0 install --frozen-lockfile --prefer-offline --loglevel=error >&2 || exit
# Renamed, so that a stamp is never incomplete.
state >"$stamp.new" 2>/dev/null
mv "$stamp.new" "$stamp"
