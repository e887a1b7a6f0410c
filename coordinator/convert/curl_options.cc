#include "coordinator/convert/curl_options.h"

#include "absl/strings/str_split.h"

namespace lockstep::coordinator {
namespace {

using Meaning = CurlMeaning;

struct Row {
  Meaning meaning;
  absl::string_view options;  // as they are written, with spaces between them
};

// All of curl 8's manual. What is ignored changes nothing that a server sees of a request, or is of
// other protocols.
constexpr Row kRows[] = {
    {Meaning::kMethod, "-X --request"},
    {Meaning::kHeader, "-H --header"},
    {Meaning::kData, "-d --data --data-ascii"},
    {Meaning::kBinaryData, "--data-binary"},
    {Meaning::kRawData, "--data-raw"},
    {Meaning::kEncodedData, "--data-urlencode"},
    {Meaning::kJson, "--json"},
    {Meaning::kForm, "-F --form"},
    {Meaning::kFormText, "--form-string"},
    {Meaning::kQuery, "--url-query"},
    {Meaning::kUpload, "-T --upload-file"},
    {Meaning::kUser, "-u --user"},
    {Meaning::kBearer, "--oauth2-bearer"},
    {Meaning::kAgent, "-A --user-agent"},
    {Meaning::kReferer, "-e --referer"},
    {Meaning::kCookie, "-b --cookie"},
    {Meaning::kRange, "-r --range"},
    {Meaning::kUrl, "--url"},
    {Meaning::kScheme, "--proto-default"},
    {Meaning::kTimeout, "-m --max-time"},
    {Meaning::kMostRedirects, "--max-redirs"},
    {Meaning::kHead, "-I --head"},
    {Meaning::kGet, "-G --get"},
    {Meaning::kInsecure, "-k --insecure"},
    {Meaning::kCompressed, "--compressed"},
    {Meaning::kLocation, "-L --location"},
    {Meaning::kGlobOff, "-g --globoff"},
    {Meaning::kNothing,
     "-4 --ipv4 -6 --ipv6 -s --silent -S --show-error -i --include --show-headers -v --verbose -f "
     "--fail --fail-with-body --fail-early -N --buffer -# --progress-bar --progress-meter -O "
     "--remote-name --remote-name-all -J --remote-header-name -R --remote-time --remove-on-error "
     "--clobber --skip-existing --create-dirs --styled-output -q --disable -a --append -B "
     "--use-ascii -l --list-only -j --junk-session-cookies -M --manual -h --help -V --version -Z "
     "--parallel --parallel-immediate --trace-ids --trace-time --xattr --metalink --path-as-is "
     "--http2 --basic --anyauth -1 --tlsv1 --tlsv1.0 --tlsv1.1 --tlsv1.2 -2 --sslv2 -3 --sslv3 "
     "--ca-native --ssl --ssl-reqd --ssl-allow-beast --ssl-no-revoke --ssl-revoke-best-effort "
     "--ssl-auto-client-cert --cert-status --tcp-nodelay --tcp-fastopen --mptcp --keepalive --alpn "
     "--npn --sessionid --false-start --compressed-ssh --disable-eprt --disable-epsv "
     "--disallow-username-in-url --doh-cert-status --doh-insecure --eprt --epsv --form-escape "
     "--ftp-create-dirs --ftp-pasv --ftp-pret --ftp-skip-pasv-ip --ftp-ssl --ftp-ssl-reqd "
     "--ftp-ssl-ccc --ftp-ssl-control --http0.9 --ignore-content-length --mail-rcpt-allowfails "
     "--no-npn --proxy-anyauth --proxy-basic --proxy-ca-native --proxy-digest --proxy-http2 "
     "--proxy-insecure --proxy-negotiate --proxy-ntlm --proxy-ssl-allow-beast "
     "--proxy-ssl-auto-client-cert --proxy-tlsv1 --retry-all-errors --retry-connrefused --sasl-ir "
     "--socks5-basic --socks5-gssapi --socks5-gssapi-nec --suppress-connect-headers "
     "--tftp-no-options --tls-earlydata --dump-ca-embed --raw"},
    {Meaning::kNothingMuch,
     "-o --output --output-dir -w --write-out -D --dump-header -c --cookie-jar --stderr --trace "
     "--trace-ascii --trace-config --libcurl --create-file-mode --etag-save --hsts --alt-svc "
     "--ssl-sessions --parallel-max --rate --retry-delay --retry-max-time --expect100-timeout "
     "--happy-eyeballs-timeout-ms --keepalive-time --keepalive-cnt -y --speed-time -Y "
     "--speed-limit --max-filesize --proto --proto-redir --cert-type --key-type --engine "
     "--egd-file --random-file --ciphers --tls13-ciphers --curves --sigalgs --ech --pass --noproxy "
     "--delegation --service-name --login-options --sasl-authzid --krb -P --ftp-port --ftp-account "
     "--ftp-alternative-to-user --ftp-method --ftp-ssl-ccc-mode -Q --quote -t --telnet-option "
     "--tftp-blksize --mail-auth --mail-from --mail-rcpt --upload-flags --hostpubmd5 "
     "--hostpubsha256 --pubkey --ipfs-gateway --dns-interface --dns-ipv4-addr --dns-ipv6-addr "
     "--interface --ip-tos --vlan-priority --local-port -U --proxy-user --proxy-cacert "
     "--proxy-capath --proxy-cert --proxy-cert-type --proxy-ciphers --proxy-crlfile --proxy-header "
     "--proxy-key --proxy-key-type --proxy-pass --proxy-pinnedpubkey --proxy-service-name "
     "--proxy-tls13-ciphers --proxy-tlsauthtype --proxy-tlspassword --proxy-tlsuser "
     "--socks5-gssapi-service"},
    {Meaning::kLeftOutValue,
     "--retry --connect-timeout --limit-rate --capath --crlfile --pinnedpubkey --dns-servers "
     "--doh-url -x --proxy --preproxy --proxy1.0 --socks4 --socks4a --socks5 --socks5-hostname -E "
     "--cert --key --cacert --resolve --connect-to -K --config -C --continue-at -z --time-cond "
     "--etag-compare --netrc-file --request-target --unix-socket --abstract-unix-socket "
     "--haproxy-clientip --aws-sigv4 --tls-max --tlsauthtype --tlspassword --tlsuser --variable"},
    {Meaning::kLeftOut,
     "--digest --ntlm --ntlm-wb --negotiate --http3 --http3-only --http1.1 -0 --http1.0 "
     "--http2-prior-knowledge --no-alpn --no-keepalive --no-sessionid -n --netrc --netrc-optional "
     "--location-trusted --post301 --post302 --post303 --crlf --tr-encoding --tlsv1.3 "
     "--haproxy-protocol -p --proxytunnel"},
};

}  // namespace

std::optional<Meaning> FindCurlOption(absl::string_view spelling) {
  for (const Row& row : kRows) {
    for (const absl::string_view option : absl::StrSplit(row.options, ' ')) {
      if (option == spelling) {
        return row.meaning;
      }
    }
  }
  return std::nullopt;
}

bool TakesValue(Meaning meaning) {
  return meaning < Meaning::kHead;
}

}  // namespace lockstep::coordinator
