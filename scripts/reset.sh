# Deletes the state of `npm start`: `npm run reset`. A shell script, because it must work before anything is installed.
usage='npm run reset    (takes no arguments; deletes .paceline, the state of npm start)'
case "${1-}" in
  '') rm -rf .paceline && echo 'Paceline: state deleted. The next npm start starts from scratch.' ;;
  --help | -h) echo "$usage" ;;
  *)
    printf 'Unexpected argument "%s"\n\n%s\n' "$1" "$usage" >&2
    exit 2
    ;;
esac
