#include "agent/redis/options.h"

#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

#include "agent/http/url.h"
#include "common/options/value_reader.h"

namespace lockstep::agent {
namespace {

using Json = nlohmann::json;

// What is not text is not shown: it may be a password, or have one.
void ReadText(const ValueReader& reader, const char* key, std::string* text) {
  const Json* value = reader.Find(key);
  if (value == nullptr) {
    return;
  }
  if (value->is_string()) {
    *text = value->get<std::string>();
  } else {
    reader.Member(key).Fail("a string is expected");
  }
}

// From `least` on.
void ReadNumber(const ValueReader& reader, const char* key, int64_t least, int64_t* number) {
  if (reader.Find(key) == nullptr) {
    return;
  }
  const ValueReader member = reader.Member(key);
  const std::optional<int64_t> read = member.Int();
  if (read.has_value() && *read < least) {
    member.Expected(absl::StrCat("a whole number from ", least, " on"));
  }
  *number = read.value_or(*number);
}

// Milliseconds or a text such as "5s"; -1: none.
void ReadTime(const ValueReader& reader, const char* key, absl::Duration* time) {
  const Json* value = reader.Find(key);
  if (value == nullptr) {
    return;
  }
  if (value->is_number() && *value == -1) {
    *time = absl::InfiniteDuration();
    return;
  }
  const ValueReader member = reader.Member(key);
  const std::optional<absl::Duration> read = member.Duration();
  if (read.has_value() && *read <= absl::ZeroDuration()) {
    member.Expected("milliseconds above 0, or -1 for no limit");
  }
  *time = read.value_or(*time);
}

void ReadTls(const ValueReader& reader, StreamTarget* server) {
  if (!reader.RequireObject()) {
    return;
  }
  reader.RefuseUnknown({"ca", "cert", "key"});
  server->tls = true;
  if (reader.Find("ca") != nullptr) {
    server->authorities = reader.Member("ca").StringList().value_or(std::vector<std::string>());
  }
  ReadText(reader, "cert", &server->certificate);
  ReadText(reader, "key", &server->key);
  if (server->certificate.empty() != server->key.empty()) {
    reader.Fail("cert and key belong together: one of them is missing");
  }
}

// The members of `socket`, and of an element of `cluster.nodes`.
void ReadServer(const ValueReader& reader, RedisOptions* options) {
  StreamTarget server;
  server.port = kRedisPort;
  server.dial_timeout = kRedisDialTimeout;
  if (!reader.value().is_object()) {
    reader.Fail("an object with host and port is expected");
    return;
  }
  reader.RefuseUnknown({"host", "port", "tls", "dialTimeout", "readTimeout", "writeTimeout",
                        "poolSize", "minIdleConns", "maxConnAge", "poolTimeout", "idleTimeout",
                        "idleCheckFrequency"});
  ReadText(reader, "host", &server.host);
  if (server.host.empty()) {
    reader.Fail("host: a name or an address is expected");
  }
  int64_t port = server.port;
  ReadNumber(reader, "port", 1, &port);
  if (port > 65535) {
    reader.Member("port").Expected("a port, 1 to 65535");
  }
  server.port = static_cast<int>(port);
  if (reader.Find("tls") != nullptr) {
    ReadTls(reader.Member("tls"), &server);
  }
  ReadTime(reader, "dialTimeout", &server.dial_timeout);
  ReadTime(reader, "readTimeout", &options->read_timeout);
  absl::Duration unused;
  for (const char* key :
       {"writeTimeout", "maxConnAge", "poolTimeout", "idleTimeout", "idleCheckFrequency"}) {
    ReadTime(reader, key, &unused);
  }
  int64_t ignored = 0;
  ReadNumber(reader, "poolSize", 0, &ignored);
  ReadNumber(reader, "minIdleConns", 0, &ignored);
  options->servers.push_back(std::move(server));
}

void ReadNodes(const ValueReader& reader, RedisOptions* options) {
  if (!reader.value().is_array()) {
    reader.Fail("a list of URLs or of { host, port } is expected");
    return;
  }
  for (size_t i = 0; i < reader.value().size(); ++i) {
    const ValueReader node = reader.Element(i);
    if (!node.value().is_string()) {
      ReadServer(node, options);
      continue;
    }
    absl::StatusOr<RedisOptions> url = ParseRedisUrl(node.value().get<std::string>());
    if (!url.ok()) {
      node.Fail(url.status().message());
      continue;
    }
    options->servers.push_back(std::move(url->servers.front()));
    if (options->password.empty()) {
      options->username = url->username;
      options->password = url->password;
    }
  }
  if (reader.value().empty()) {
    reader.Expected("at least one node");
  }
}

void ReadCluster(const ValueReader& reader, RedisOptions* options) {
  if (!reader.value().is_object()) {
    reader.Fail("an object is expected");
    return;
  }
  reader.RefuseUnknown({"maxRedirects", "readOnly", "routeByLatency", "routeRandomly", "nodes"});
  options->cluster = true;
  ReadNumber(reader, "maxRedirects", -1, &options->max_redirects);
  for (const char* key : {"readOnly", "routeByLatency", "routeRandomly"}) {
    if (reader.Find(key) != nullptr && reader.Member(key).Bool().value_or(false)) {
      reader.Member(key).Expected("false: all commands go to masters here");
    }
  }
  if (reader.Find("nodes") == nullptr) {
    reader.Fail("nodes: at least one URL or { host, port } is expected");
  } else {
    ReadNodes(reader.Member("nodes"), options);
  }
}

}  // namespace

absl::StatusOr<RedisOptions> ParseRedisOptions(const std::string& json) {
  const Json value = Json::parse(json, nullptr, false);
  std::vector<std::string> errors;
  RedisOptions options;
  const ValueReader reader(value, "options", &errors);
  if (reader.RequireObject()) {
    reader.RefuseUnknown({"socket", "username", "password", "clientName", "database", "masterName",
                          "sentinelUsername", "sentinelPassword", "cluster"});
    ReadText(reader, "username", &options.username);
    ReadText(reader, "password", &options.password);
    ReadText(reader, "clientName", &options.client_name);
    ReadNumber(reader, "database", 0, &options.database);
    ReadText(reader, "masterName", &options.master_name);
    ReadText(reader, "sentinelUsername", &options.sentinel_username);
    ReadText(reader, "sentinelPassword", &options.sentinel_password);
    const bool cluster = reader.Find("cluster") != nullptr;
    if (cluster == (reader.Find("socket") != nullptr)) {
      reader.Fail("one of socket and cluster is expected");
    } else if (cluster) {
      ReadCluster(reader.Member("cluster"), &options);
    } else {
      ReadServer(reader.Member("socket"), &options);
    }
    if (cluster && !options.master_name.empty()) {
      reader.Fail("masterName: it is for sentinels, and cannot be together with cluster");
    }
  }
  if (!errors.empty()) {
    return absl::InvalidArgumentError(absl::StrJoin(errors, "; "));
  }
  return options;
}

absl::StatusOr<RedisOptions> ParseRedisUrl(absl::string_view text) {
  constexpr absl::string_view kForm =
      "expected redis[s]://[[user][:password]@]host[:port][/database]";
  const absl::StatusOr<Url> url = ParseUrl(text);
  if (!url.ok() || (url->scheme != "redis" && url->scheme != "rediss")) {
    return absl::InvalidArgumentError(absl::StrCat("invalid URL: ", kForm));
  }
  RedisOptions options;
  StreamTarget server;
  server.host = url->host;
  server.port = url->port == 0 ? kRedisPort : url->port;
  server.tls = url->scheme == "rediss";
  server.dial_timeout = kRedisDialTimeout;
  options.servers.push_back(std::move(server));
  options.username = url->user;
  options.password = url->password;
  const absl::string_view database = absl::StripPrefix(url->path, "/");
  if (!database.empty() &&
      (!absl::SimpleAtoi(database, &options.database) || options.database < 0)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "invalid database \"", database, "\" in the URL: expected a whole number from 0 on"));
  }
  if (url->has_query) {
    return absl::InvalidArgumentError(absl::StrCat(
        "invalid URL: it has parameters (\"?\"), for which there are options; ", kForm));
  }
  return options;
}

}  // namespace lockstep::agent
