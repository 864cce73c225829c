#!/bin/sh
# A batch system for tests: a folder ($ENGINE), and a process for each job that waits for one of two slots.
D=$ENGINE
state() { echo "$2" > "$1/new.$$" && mv "$1/new.$$" "$1/state"; }
case $1 in
submit) # name output after script
  n=1
  until mkdir "$D/job.$n" 2> /dev/null; do n=$((n + 1)); done
  echo "$2" > "$D/job.$n/name"
  state "$D/job.$n" pending
  setsid "$0" work "$D/job.$n" "$3" "$4" "$5" < /dev/null > /dev/null 2>&1 &
  echo "your job $n is submitted"
  ;;
work) # job output after script
  echo $$ > "$2/pid"
  for other in $(echo "$4" | tr , ' '); do
    until grep -qE 'done|failed|cancelled' "$D/job.$other/state"; do sleep 0.05; done
    grep -q done "$D/job.$other/state" || { state "$2" cancelled; exit; }
  done
  while :; do
    for slot in 1 2; do mkdir "$D/slot.$slot" 2> /dev/null && break 2; done
    sleep 0.05
  done
  echo "$slot" > "$2/slot"
  state "$2" running
  if "$5" > "$3" 2>&1; then word=done; else word=failed; fi
  rmdir "$D/slot.$slot"
  state "$2" "$word"
  ;;
status)
  for job in "$D"/job.*; do
    if [ -e "$job/state" ]; then echo "${job##*.} $(cat "$job/name") $(cat "$job/state") $(cat "$job/slot" 2> /dev/null)"; fi
  done
  ;;
cancel)
  shift
  for n; do
    until [ -s "$D/job.$n/pid" ]; do sleep 0.02; done
    grep -qE 'done|failed|cancelled' "$D/job.$n/state" && continue
    kill -TERM "-$(cat "$D/job.$n/pid")" 2> /dev/null
    rmdir "$D/slot.$(cat "$D/job.$n/slot" 2> /dev/null)" 2> /dev/null
    state "$D/job.$n" cancelled
  done
  ;;
esac
