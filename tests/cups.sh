#!/usr/bin/env bash
# Runs a private cupsd in the foreground: tests/cups.sh FOLDER PORT. What it keeps lies in the
# folder, so that one that was killed can be started again. Prints through sockets only.
set -euo pipefail
folder=$1 port=$2
PATH="$PATH:/usr/sbin"
mkdir -p "$folder"/spool/tmp "$folder"/cache "$folder"/state
# Its backends run as another user.
chmod 711 "$folder"
cat >"$folder/cupsd.conf" <<END
Listen 127.0.0.1:$port
DefaultAuthType None
WebInterface No
Browsing No
LogLevel warn
MaxLogSize 0
# What it was told is kept at once: it may be killed.
DirtyCleanInterval 0
<Location />
  Order allow,deny
  Allow from 127.0.0.1
</Location>
<Policy default>
  JobPrivateAccess default
  JobPrivateValues default
  <Limit All>
    Order allow,deny
    Allow from 127.0.0.1
  </Limit>
</Policy>
END
cat >"$folder/cups-files.conf" <<END
ServerRoot $folder
RequestRoot $folder/spool
TempDir $folder/spool/tmp
CacheDir $folder/cache
StateDir $folder/state
AccessLog $folder/access_log
ErrorLog $folder/error_log
PageLog $folder/page_log
END
exec cupsd -f -c "$folder/cupsd.conf" -s "$folder/cups-files.conf"
