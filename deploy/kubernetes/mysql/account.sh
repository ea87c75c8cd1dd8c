# Run once, by the image's entrypoint, when the data directory is made: the gateway's own account, with the rights that docs/kubernetes.md names.
# `source`d there, so what it defines is its own alone, and what it runs has the entrypoint's login.
docker_process_sql <<SQL
SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES');
CREATE USER serverless@'%' IDENTIFIED BY '${GATEWAY_PASSWORD//\'/\'\'}';
GRANT SELECT, PROCESS, REPLICATION CLIENT, SHOW_ROUTINE, TRIGGER, XA_RECOVER_ADMIN, SYSTEM_VARIABLES_ADMIN ON *.* TO serverless@'%';
SQL
