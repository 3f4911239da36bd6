#!/bin/bash
# Certificates that must not be trusted, and the switches around TLS.
. "$(dirname "$0")/lib.sh"
t_begin

# crt NAME DAYS SAN CA: a certificate with what openssl(1) gives, not our own code.
crt() {
	openssl ecparam -name prime256v1 -genkey -noout -out "$T/$1.key" &&
		openssl req -new -key "$T/$1.key" -subj "/CN=$1" -out "$T/$1.csr" &&
		printf 'subjectAltName=%s\n' "$3" >"$T/$1.ext" &&
		openssl x509 -req -in "$T/$1.csr" -CA "$4.crt" -CAkey "$4.key" -CAcreateserial \
			-days "$2" -extfile "$T/$1.ext" -out "$T/$1.crt"
} >/dev/null 2>&1

start_master
mkdir -p "$T/other"
"$BIN/butte" cert init --dir "$T/other" >/dev/null
SAN=DNS:localhost,IP:127.0.0.1
ok "certificates for the test" crt expired -1 $SAN "$T/ca/ca"
crt wrongname 10 DNS:elsewhere.example "$T/ca/ca"
crt good 10 $SAN "$T/ca/ca"
crt stranger 10 $SAN "$T/other/ca"

ok "the CLI talks to the master" "$BIN/butte" agent list
out=$("$BIN/butte" --cacert "$T/other/ca.crt" agent list 2>&1)
like "$out" "localhost:$MASTER_PORT" "another CA: the error names the address"
like "$out" 'certificate|CA|trust' "another CA: and the certificate"

# serve NAME: a second master with that certificate.
serve() {
	"$BIN/butte-master" --ip=127.0.0.1 --port=0 --work_dir="$T/m-$1" \
		--tls_cert_file="$T/$1.crt" --tls_key_file="$T/$1.key" --tls_ca_file="$CA" \
		>/dev/null 2>"$T/m-$1.log" </dev/null &
	echo $! >"$T/m-$1.pid"
	wait_for 5 has_port "$T/m-$1.log" && listen_port "$T/m-$1.log"
}

serve expired >"$T/expired.port"
like "$(cat "$T/m-expired.log")" "expired" "a daemon says that its own certificate is expired"
port=$(serve wrongname)
out=$("$BIN/butte" --master "localhost:$port" agent list 2>&1)
like "$out" "localhost" "a wrong name: the error says which was wanted"
like "$out" 'name|match' "a wrong name: and that it is the name"
port=$(serve stranger)
out=$("$BIN/butte" --master "localhost:$port" agent list 2>&1)
like "$out" 'certificate|CA|trust' "a certificate of a foreign CA is not trusted"
ok "curl trusts what we issue" get /health
is "$(curl -s --cacert "$T/other/ca.crt" "$URL/health" -o /dev/null; echo $?)" 60 "curl doesn't with the other CA"

for version in 1.2 1.3; do
	ok "TLS $version is spoken" http --tlsv$version --tls-max $version "$URL/health"
done
is "$(curl -s --cacert "$CA" --tls-max 1.1 "$URL/health" -o /dev/null; echo $?)" 35 "TLS 1.1 is not"

# An agent with a certificate nobody trusts, when the master asks for one.
port=$( (MASTER_FLAGS=; "$BIN/butte-master" --ip=127.0.0.1 --port=0 --work_dir="$T/m-mtls" $TLS_FLAGS \
	--tls_verify_client=require >/dev/null 2>"$T/m-mtls.log" </dev/null & echo $! >"$T/mtls.pid")
	wait_for 5 has_port "$T/m-mtls.log"; listen_port "$T/m-mtls.log")
is "$(curl -s --cacert "$CA" "https://localhost:$port/health" -o /dev/null -w '%{http_code}')" 000 \
	"without a client certificate: refused"
is "$(curl -s --cacert "$CA" --cert "$T/stranger.crt" --key "$T/stranger.key" "https://localhost:$port/health" \
	-o /dev/null -w '%{http_code}')" 000 "with a foreign one: refused"
is "$(curl -s --cacert "$CA" --cert "$T/good.crt" --key "$T/good.key" "https://localhost:$port/health" \
	-o /dev/null -w '%{http_code}')" 200 "with a good one: served"
MASTER=localhost:$port start_agent a1
ok "an agent with a certificate registers there" wait_for 15 sh -c \
	"curl -s --cacert '$CA' --cert '$T/good.crt' --key '$T/good.key' https://localhost:$port/slaves | grep -q '\"active\":true'"
t_end
