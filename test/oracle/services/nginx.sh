#!/bin/sh
# nginx with gzip as one container: a text of some 90 KiB is compressed anew for every hit. Four workers, each with room
# for 50,000 connections: nginx sets these up at its start, about 20 MiB a worker. Runs in the foreground.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/html" "$dir/tmp"
chmod 755 "$dir" # the workers of a master run by root are another user
awk 'BEGIN { srand(1); for (i = 0; i < 1400; i++) print i, rand(), "the quick brown fox jumps over the lazy dog", rand() }' >"$dir/html/page.txt"
cat >"$dir/nginx.conf" <<CONF
daemon off;
pid $dir/pid;
error_log stderr;
worker_processes 4;
events { worker_connections 50000; }
http {
  access_log off;
  client_body_temp_path $dir/tmp; proxy_temp_path $dir/tmp; fastcgi_temp_path $dir/tmp; uwsgi_temp_path $dir/tmp; scgi_temp_path $dir/tmp;
  types { text/plain txt; }
  gzip on;
  gzip_types text/plain;
  gzip_comp_level 6;
  open_file_cache max=10;
  keepalive_requests 1000000;
  server { listen 127.0.0.1:$PORT; root $dir/html; location = /healthz { return 200; } }
}
CONF
exec nginx -p "$dir" -c "$dir/nginx.conf"
