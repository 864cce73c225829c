#!/bin/sh -eu
# Usage: own-mount.sh FOLDER PORT PIDFILE COMMAND…, in a mount namespace of its own (unshare -m): mounts FOLDER
# over itself, through the SFTP server at PORT, with attribute caches of 20 s, as NFS has them.
folder=$1
port=$2
pidfile=$3
shift 3
cd /
sshfs -f "localhost:$folder" "$folder" -o "directport=$port,attr_timeout=20,entry_timeout=20,negative_timeout=0" \
  -o "dcache_timeout=20,dcache_stat_timeout=20,dcache_dir_timeout=20,dcache_link_timeout=20" > /dev/null 2>&1 < /dev/null &
echo $! > "$pidfile"
until mountpoint -q "$folder"; do kill -0 $!; sleep 0.1; done
"$@"
