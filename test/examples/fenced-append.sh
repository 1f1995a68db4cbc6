#!/bin/sh
# Appends standard input to a file that several machines share, under the epoch of the reign that it is started in, and refuses
# if a later reign has written there already: fenced-append.sh FILE < what, in a primary-only process, which has QUORATE_EPOCH.
# The file system must keep flock between the machines, as NFS 4 does.
set -eu
file=$1
epoch=${QUORATE_EPOCH:?only for what the primary alone runs}
exec 9>>"$file.lock"
flock 9
seen=$(cat "$file.epoch" 2>/dev/null || echo 0)
if [ "$epoch" -lt "$seen" ]; then
  echo "epoch $epoch is over: $seen has written to $file" >&2
  exit 1
fi
if [ "$epoch" -gt "$seen" ]; then
  echo "$epoch" >"$file.epoch.new"
  sync "$file.epoch.new"
  mv "$file.epoch.new" "$file.epoch"
fi
cat >>"$file"
