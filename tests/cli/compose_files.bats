#!/usr/bin/env bats
# What ibcred understands of compose files is what the real docker-compose understands of them.
load lib.bash

setup_file() {
    DUMP=$(realpath "$(dirname "${IBCRED:-$BATS_TEST_DIRNAME/../../build/ibcred}")")/tests/tools/compose_dump
    COMPARE=$(realpath "$BATS_TEST_DIRNAME/../tools/compose_compare.py")
    ROOT=$(realpath "$BATS_TEST_DIRNAME/../..")
    export DUMP COMPARE ROOT COMPOSE_PROJECT_NAME=ibcred-test
}

# agrees [FILE…] - both read the files here, or those that they find, alike.
agrees() {
    "$COMPARE" "$DUMP" "$@"
}

LINK=/run/user/0/ibcred/paper.secrets

# as_up COMMAND… - with what `ibcred up` gives to Compose.
as_up() {
    TRADING_MODE=paper IBCRED_SECRET_DIR=$LINK "$@"
}

@test "anchors, aliases and merge keys" {
    cat >docker-compose.yml <<'END'
version: "3.8"
x-env: &env
  A: "1"
  B: "2"
x-common: &common
  restart: unless-stopped
  environment: *env
  ports: &ports ["4002:4004"]
x-more: &more
  restart: always
  user: "1000"
services:
  one:
    <<: *common
    image: &image a
  two:
    <<: [*common, *more]
    image: *image
    restart: "no"
    environment:
      <<: *env
      B: "3"
  three: {image: *image, ports: *ports}
END
    agrees
}

@test "both forms of the environment, and Compose's own variables" {
    cat >docker-compose.yml <<'END'
services:
  list:
    image: a
    environment:
      - A=1
      - B=x=y
      - C=
      - OWN
      - EMPTY
      - UNSET
      - D=${OWN}-${EMPTY}-${UNSET}
      - E=a#b 'c' "d"
      - "F= two words "
      - G=$$OWN
      - A=2
  mapping:
    image: a
    environment:
      A: 1
      B: x=y
      C: ""
      OWN:
      UNSET:
      D: "${OWN}$$"
      E: 'it''s'
      F: "tab\tA\u00e9"
      G: |
        two
        lines
      H: é€
END
    OWN=own EMPTY='' agrees
}

@test "variables with operators, from the environment and from .env" {
    printf '%s\n' 'FILE=file' 'BOTH=file' "QUOTED='a b'" >.env
    cat >docker-compose.yml <<'END'
services:
  s:
    image: "a:${SET}"
    environment:
      A: ${SET:-default}
      B: ${EMPTY:-default}
      C: ${EMPTY-default}
      D: ${UNSET:-default}
      E: ${UNSET-}
      F: ${SET:?why}
      G: ${EMPTY?why}
      H: $FILE and ${BOTH} and ${QUOTED}
      I: $SET$FILE${UNSET}
      J: ${UNSET:-a:b/c?d}
      K: "$${SET} $$$SET"
END
    SET=set EMPTY='' BOTH=environment agrees
}

@test "ports in all forms" {
    cat >docker-compose.yml <<'END'
version: "3.8"
services:
  s:
    image: a
    ports:
      - "4000"
      - 4001
      - "4002:4004"
      - "127.0.0.1:4003:4004"
      - "127.0.0.1::4005"
      - "4010-4012:5010-5012"
      - "127.0.0.1:4020-4021:5020-5021/udp"
      - "4030:4030/udp"
      - target: 4040
        published: 4041
        protocol: tcp
      - {target: 4050}
END
    agrees
}

@test "mounts in all forms" {
    mkdir -p data
    cat >docker-compose.yml <<'END'
version: "3.8"
services:
  s:
    image: a
    volumes:
      - ./data:/a
      - ./data/../data:/b:ro
      - named:/c:z,ro
      - /d
      - /var/run/docker.sock:/var/run/docker.sock
      - {type: bind, source: ./data, target: /e, read_only: true}
      - {type: volume, source: named, target: /f}
    tmpfs:
      - /t:mode=0700,uid=1000
      - /u
  t:
    image: a
    tmpfs: /run
volumes:
  named:
END
    agrees
}

@test "secrets, networks, profiles and deploy" {
    printf x >pw
    cat >docker-compose.yml <<'END'
version: "3.8"
services:
  s:
    image: a
    secrets: [pw, {source: pw, target: other}]
    networks: [inner, default]
    deploy: {restart_policy: {condition: on-failure, max_attempts: 3}}
  t:
    image: a
    networks: {inner: {aliases: [x]}, outer: {}}
    stop_grace_period: 1m30s
  u:
    image: a
    network_mode: host
    profiles: [some, other]
  v:
    image: a
    profiles: [never]
secrets:
  pw: {file: ./pw}
networks:
  inner:
    driver_opts: {com.docker.network.bridge.host_binding_ipv4: 127.0.0.1}
  outer:
  default:
END
    agrees
    "$DUMP" >dump
    [ "$(jq -c '[.services[].active]' dump)" = '[true,true,false,false]' ]
    COMPOSE_PROFILES=x,other "$DUMP" >dump
    [ "$(jq -c '[.services[].active]' dump)" = '[true,true,true,false]' ]
}

@test "env files of a service" {
    printf '%s\n' '# comment' 'A=1' 'B=one' '' 'C=x y' >one.env
    printf '%s\n' 'B=two' 'D=two' >two.env
    cat >docker-compose.yml <<'END'
services:
  s:
    image: a
    env_file: [./one.env, two.env]
    environment: [D=own]
  t:
    image: a
    env_file: one.env
    environment: {A: own}
END
    agrees
}

@test "files laid over one another" {
    mkdir -p sub
    cat >docker-compose.yml <<'END'
version: "3.8"
services:
  s:
    image: a
    restart: always
    environment: [A=1, B=1]
    ports: ["4002:4004", "5900:5900"]
    volumes: [./a:/a, ./b:/b]
    tmpfs: /t
    env_file: one.env
    networks: [x]
    deploy: {restart_policy: {condition: any, max_attempts: 2}}
  only-base: {image: b}
networks: {x: {}, y: {}}
END
    cat >over.yml <<'END'
version: "3.8"
services:
  only-over: {image: c}
  s:
    restart: "no"
    environment: {B: "2", C: "2"}
    ports: ["127.0.0.1:4002:4004", "5900:5900"]
    volumes: [./c:/b]
    tmpfs: [/u]
    env_file: [two.env]
    networks: {y: {}}
    deploy: {restart_policy: {condition: none}}
END
    printf 'A=file\nD=one\n' >one.env
    printf 'D=two\n' >two.env
    agrees docker-compose.yml over.yml
    agrees over.yml docker-compose.yml
    cp over.yml docker-compose.override.yml
    agrees
    COMPOSE_FILE=over.yml:docker-compose.yml agrees
    COMPOSE_FILE=over.yml,docker-compose.yml COMPOSE_PATH_SEPARATOR=, agrees
}

@test "services that extend others, here and in another file" {
    mkdir -p sub
    cat >docker-compose.yml <<'END'
version: "3.8"
services:
  root: {image: a, restart: always, environment: [A=root, B=root], ports: ["1:2"]}
  base: {extends: {service: root}, environment: {B: base, C: base}}
  s:
    extends: {service: base}
    environment: [C=s]
    ports: ["3:4"]
  far:
    extends: {file: sub/other.yml, service: there}
    restart: "no"
END
    cat >sub/other.yml <<'END'
version: "3.8"
services:
  there:
    extends: {service: below}
    env_file: x.env
    volumes: ["/abs:/there"]
  below: {image: "b:${TAG:-1}", restart: always}
END
    printf 'X=x\n' >sub/x.env
    agrees
}

# project DIRECTORY TAG - files there that name others there, and an env file.
project() {
    mkdir "$1"
    cat >"$1/compose.yml" <<'END'
version: "3.8"
services:
  s: {image: "a:${TAG}", env_file: x.env, extends: {file: base.yml, service: s}}
END
    printf '%s\n' 'version: "3.8"' 'services: {s: {restart: always}}' >"$1/base.yml"
    printf '%s\n' 'version: "3.8"' 'services: {s: {environment: [MORE=1]}}' >"$1/more.yml"
    printf 'X=%s\n' "$1" >"$1/x.env"
    printf 'TAG=%s\n' "$1" >"$1/.env"
}

@test "COMPOSE_FILE of the environment: everything starts from its first file's directory" {
    project deploy
    project other
    printf 'TAG=here\n' >.env
    printf 'X=here\n' >x.env
    COMPOSE_FILE=deploy/compose.yml agrees
    COMPOSE_FILE=./deploy/compose.yml:other/more.yml agrees
    COMPOSE_FILE=other/more.yml,deploy/compose.yml COMPOSE_PATH_SEPARATOR=, agrees
    COMPOSE_FILE=$PWD/deploy/compose.yml agrees
}

@test "COMPOSE_FILE of .env: that .env counts, and the rest starts from the first file's directory" {
    project deploy
    printf '%s\n' TAG=here COMPOSE_FILE=deploy/compose.yml >.env
    printf 'X=here\n' >x.env
    agrees
    mv .env named.env
    COMPOSE_FILE=deploy/compose.yml agrees
}

@test "CRLF, comments, flow style and names beyond ASCII" {
    printf '%s\r\n' '# é' 'services:' '  s: # é' '    image: a' '    environment: {A: "1", B: é}' \
        '    ports:' '      - "1:2" # d' '  t: {image: a, restart: "no"}' >docker-compose.yml
    agrees
}

@test "SpreadPilot's file, alone and with this repository's overrides over it" {
    cp "$ROOT/tests/e2e/spreadpilot/docker-compose.yml" .
    cp "$ROOT/tests/e2e/spreadpilot/.env" .
    agrees
    cp "$ROOT/docker-compose.override.yml" .
    as_up agrees
    cp "$ROOT/docker-compose.env-file.yml" docker-compose.override.yml
    as_up agrees
}

@test "gnzsnz's file as the end-to-end tests have it" {
    cp "$ROOT/tests/e2e/gnzsnz/docker-compose.yml" .
    export TWS_USERID=u TWS_PASSWORD=p
    agrees
}

@test "what docker-compose's own config prints" {
    cp "$ROOT/tests/e2e/spreadpilot/docker-compose.yml" "$ROOT/tests/e2e/spreadpilot/.env" .
    cp "$ROOT/docker-compose.override.yml" .
    as_up docker-compose config >printed.yml
    agrees printed.yml
    "$DUMP" printed.yml >dump
    [ "$(jq -r '.services["ib-gateway"].mounts[] | select(.target == "/run/ibcred") | .source' dump)" = \
        "$LINK" ]
}

@test "a required variable that is not set stops Compose, and its value is unknown here" {
    cat >docker-compose.yml <<'END'
services:
  s: {image: "a:${TAG:?which}"}
END
    run docker-compose config
    [ "$status" != 0 ]
    "$DUMP" >dump
    [ "$(jq -c '.services.s.image | [.written, .value]' dump)" = '["a:${TAG:?which}",null]' ]
}

@test "both refuse a dollar sign that begins no variable" {
    cat >docker-compose.yml <<'END'
services:
  s: {image: "a", labels: ["x=$1"]}
END
    run docker-compose config
    [ "$status" != 0 ]
    run "$DUMP"
    [ "$status" = 1 ]
    [[ "$output" == *"docker-compose.yml:2:"* ]]
}

@test "what Compose warns of while it prints the configuration does not hide the service" {
    make_vault
    mkdir bin
    cat >bin/docker-compose <<END
#!/bin/sh
case \$1 in
version) ;;
config)
    echo 'WARNING: The X variable is not set: {[' >&2
    printf '%s\n' 'services:' '  ib-gateway:' '    volumes:' \
        '    - $(realpath "$IBCRED_RUNTIME_DIR")/paper.secrets:/run/ibcred:ro'
    ;;
*)
    echo 'no daemon here' >&2
    exit 1
    ;;
esac
END
    chmod 755 bin/docker-compose
    refused 69 "no daemon here" env PATH="$SCRATCH/bin" "$IBCRED" up paper
}
