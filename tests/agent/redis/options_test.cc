#include "agent/redis/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(RedisOptions, ReadsUrls) {
  const RedisOptions all = *ParseRedisUrl("rediss://user:p%40ss@redis.example:6380/3");
  EXPECT_EQ("redis.example", all.servers[0].host);
  EXPECT_EQ(6380, all.servers[0].port);
  EXPECT_TRUE(all.servers[0].tls);
  EXPECT_EQ("user", all.username);
  EXPECT_EQ("p@ss", all.password);
  EXPECT_EQ(3, all.database);
  EXPECT_EQ(absl::Seconds(5), all.servers[0].dial_timeout);
  EXPECT_EQ(absl::Seconds(3), all.read_timeout);
  const RedisOptions least = *ParseRedisUrl("redis://[::1]");
  EXPECT_EQ("::1", least.servers[0].host);
  EXPECT_EQ(6379, least.servers[0].port);
  EXPECT_FALSE(least.servers[0].tls);
  EXPECT_EQ(0, least.database);
}

TEST(RedisOptions, RefusesOtherUrlsWithoutShowingPasswords) {
  for (const char* url :
       {"", "localhost:6379", "http://h", "redis://", "redis://h:x", "redis://u:secret@h/x",
        "redis://h/-1", "redis://u:secret@h?pool_size=5"}) {
    const absl::StatusOr<RedisOptions> options = ParseRedisUrl(url);
    EXPECT_EQ(absl::StatusCode::kInvalidArgument, options.status().code()) << url;
    EXPECT_THAT(options.status().message(), Not(HasSubstr("secret"))) << url;
  }
}

TEST(RedisOptions, ReadsOneServer) {
  const absl::StatusOr<RedisOptions> read = ParseRedisOptions(R"({
    "socket": {"host": "h", "port": 6380, "tls": {"ca": ["A", "B"], "cert": "C", "key": "K"},
               "dialTimeout": 100, "readTimeout": -1, "writeTimeout": 5, "poolSize": 10, "minIdleConns": 1,
               "maxConnAge": 1, "poolTimeout": 1, "idleTimeout": -1, "idleCheckFrequency": -1},
    "username": "u", "password": "p", "clientName": "me", "database": 2})");
  ASSERT_TRUE(read.ok()) << read.status();
  const StreamTarget& server = read->servers[0];
  EXPECT_EQ("h", server.host);
  EXPECT_EQ(6380, server.port);
  EXPECT_TRUE(server.tls);
  EXPECT_EQ((std::vector<std::string>{"A", "B"}), server.authorities);
  EXPECT_EQ("C", server.certificate);
  EXPECT_EQ("K", server.key);
  EXPECT_EQ(absl::Milliseconds(100), server.dial_timeout);
  EXPECT_EQ(absl::InfiniteDuration(), read->read_timeout);
  EXPECT_EQ("u p me 2", absl::StrCat(read->username, " ", read->password, " ", read->client_name,
                                     " ", read->database));
}

TEST(RedisOptions, ReadsClustersAndSentinels) {
  const absl::StatusOr<RedisOptions> cluster = ParseRedisOptions(
      R"({"cluster": {"maxRedirects": 5, "readOnly": false,
                      "nodes": ["redis://u:p@a:7000", {"host": "b", "port": 7001}]}})");
  ASSERT_TRUE(cluster.ok()) << cluster.status();
  EXPECT_TRUE(cluster->cluster);
  EXPECT_EQ(5, cluster->max_redirects);
  EXPECT_EQ("a", cluster->servers[0].host);
  EXPECT_EQ(7001, cluster->servers[1].port);
  EXPECT_EQ("p", cluster->password);
  const absl::StatusOr<RedisOptions> sentinels = ParseRedisOptions(
      R"({"socket": {"host": "s"}, "masterName": "m", "sentinelUsername": "su", "sentinelPassword": "sp"})");
  ASSERT_TRUE(sentinels.ok()) << sentinels.status();
  EXPECT_EQ("m su sp", absl::StrCat(sentinels->master_name, " ", sentinels->sentinel_username, " ",
                                    sentinels->sentinel_password));
}

TEST(RedisOptions, NamesAllThatIsWrong) {
  const struct {
    const char* json;
    const char* message;
  } cases[] = {
      {"5", "options: invalid value 5: expected an object"},
      {"{}", "options: one of socket and cluster is expected"},
      {R"({"socket": {"host": "h"}, "cluster": {"nodes": ["redis://h"]}})",
       "one of socket and cluster"},
      {R"({"socket": {"host": "h"}, "adress": 1})", "unknown field \"adress\""},
      {R"({"socket": {"hots": "h"}})", "options.socket: unknown field \"hots\""},
      {R"({"socket": {}})", "options.socket: host: a name or an address is expected"},
      {R"({"socket": {"host": "h", "port": 70000}})",
       "options.socket.port: invalid value 70000: expected a port"},
      {R"({"socket": {"host": "h", "port": 0}})",
       "options.socket.port: invalid value 0: expected a whole number"},
      {R"({"socket": {"host": "h", "readTimeout": 0}})",
       "options.socket.readTimeout: invalid value 0"},
      {R"({"socket": {"host": "h", "tls": {"cert": "C"}}})", "cert and key belong together"},
      {R"({"socket": "redis://:secret@h"})",
       "options.socket: an object with host and port is expected"},
      {R"({"socket": {"host": "h"}, "password": 12345})", "options.password: a string is expected"},
      {R"({"cluster": "redis://:secret@h"})", "options.cluster: an object is expected"},
      {R"({"cluster": {"nodes": "redis://:secret@h"}})", "options.cluster.nodes: a list of URLs"},
      {R"({"socket": {"host": "h"}, "database": -1})", "options.database: invalid value -1"},
      {R"({"cluster": {}})", "options.cluster: nodes: at least one URL"},
      {R"({"cluster": {"nodes": []}})",
       "options.cluster.nodes: invalid value []: expected at least one node"},
      {R"({"cluster": {"nodes": ["http://h"]}})", "options.cluster.nodes[0]: invalid URL"},
      {R"({"cluster": {"nodes": ["redis://h"], "readOnly": true}})",
       "options.cluster.readOnly: invalid value true"},
      {R"({"cluster": {"nodes": ["redis://h"]}, "masterName": "m"})",
       "masterName: it is for sentinels"},
  };
  for (const auto& row : cases) {
    const absl::StatusOr<RedisOptions> read = ParseRedisOptions(row.json);
    EXPECT_THAT(read.status().message(), HasSubstr(row.message));
    EXPECT_THAT(read.status().message(), Not(HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace lockstep::agent
