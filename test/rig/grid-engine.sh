#!/bin/sh -eu
# Usage: grid-engine.sh FOLDER, in namespaces of its own (unshare -n -m -u): a Grid Engine of one node named
# "sge" with 4 slots. Prints "ready", and runs until its input ends.
D=$1
programs=/usr/lib/gridengine
resources=/usr/share/gridengine/util/resources
mkdir -p "$D/cell/common" "$D/spooldb" "$D/qmaster/job_scripts" "$D/execd"
for name in bin lib util utilbin; do ln -s "/var/lib/gridengine/$name" "$D/$name"; done
printf '10.9.9.9 sge\n127.0.0.1 localhost\n' > "$D/hosts"
ip link set lo up
ip addr add 10.9.9.9/32 dev lo
hostname sge
mount --bind "$D/hosts" /etc/hosts
echo sge > "$D/cell/common/act_qmaster"
cat > "$D/cell/common/bootstrap" << C
admin_user              none
default_domain          none
ignore_fqdn             false
spooling_method         berkeleydb
spooling_lib            libspoolb
spooling_params         $D/spooldb
binary_path             $programs
qmaster_spool_dir       $D/qmaster
security_mode           none
listener_threads        2
worker_threads          2
scheduler_threads       1
C
"$programs/spoolinit" berkeleydb libspoolb "$D/spooldb" init
sed "s#^execd_spool_dir.*#execd_spool_dir $D/execd#; s#^min_uid.*#min_uid 0#; s#^min_gid.*#min_gid 0#" \
  /usr/share/gridengine/default-configuration > "$D/configuration"
"$programs/spooldefaults" configuration "$D/configuration"
"$programs/spooldefaults" complexes "$resources/centry"
"$programs/spooldefaults" pes "$resources/pe"
"$programs/spooldefaults" usersets "$resources/usersets"
"$programs/spooldefaults" managers root
"$programs/spooldefaults" operators root
sge_qmaster
until qconf -as sge; do sleep 0.1; done
qconf -sq | sed 's/^qname .*/qname main/; s/^hostlist .*/hostlist sge/; s/^pe_list .*/pe_list smp/
  s/^slots .*/slots 4/; s/^load_thresholds .*/load_thresholds NONE/; s#^shell .*#shell /bin/bash#' > "$D/queue"
qconf -Aq "$D/queue"
qconf -ssconf | sed 's/^schedule_interval.*/schedule_interval 0:0:1/; s/^flush_submit_sec.*/flush_submit_sec 1/
  s/^flush_finish_sec.*/flush_finish_sec 1/' > "$D/scheduler"
qconf -Msconf "$D/scheduler"
sge_execd
echo ready
cat > /dev/null
kill "$(cat "$D/qmaster/qmaster.pid")" "$(cat "$D/execd/sge/execd.pid")"
