#include "agent/redis/client.h"

#include <gmock/gmock.h>

#include "tests/agent/redis/fake_redis.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RedisClientTest : public RedisTest {
 protected:
  static RedisOptions Options(const std::string& json) { return *ParseRedisOptions(json); }
  static constexpr char kCluster[] =
      R"({"cluster": {"maxRedirects": 2, "nodes": ["redis://:p@a:1", "redis://b:1"]}})";
  static constexpr char kSentinels[] =
      R"({"socket": {"host": "s", "port": 9}, "masterName": "mymaster", "password": "p", "sentinelPassword": "sp",
          "database": 1})";
  // CLUSTER SLOTS: "foo" (12182) is on b:2, all others on a:1.
  static constexpr char kSlotsReply[] =
      "*3\r\n*3\r\n:0\r\n:12181\r\n*2\r\n$1\r\na\r\n:1\r\n*3\r\n:12182\r\n:12182\r\n*2\r\n$1\r\nb\r\n:2\r\n"
      "*3\r\n:12183\r\n:16383\r\n*2\r\n$1\r\na\r\n:1\r\n";
};

TEST_F(RedisClientTest, OneServer) {
  RedisClient client(
      env_,
      Options(
          R"({"socket": {"host": "h", "port": 1}, "username": "u", "password": "p", "clientName": "me", "database": 4})"));
  client.Do({"GET", "k"}, 1, Note());
  FakeNet::Stream& stream = Open("h:1");
  EXPECT_THAT(stream.Commands(), ElementsAre("AUTH u p", "SELECT 4", "CLIENT SETNAME me", "GET k"));
  stream.Reply("+OK\r\n+OK\r\n+OK\r\n$1\r\nv\r\n");
  client.Do({"MGET", "a", "b"}, 1, Note());
  stream.Reply("*2\r\n$1\r\nx\r\n$-1\r\n");
  EXPECT_THAT(replies_, ElementsAre("v", "[x,nil]"));
}

TEST_F(RedisClientTest, CommandsGoToTheNodeThatHasTheKey) {
  RedisClient client(env_, Options(kCluster));
  client.Do({"GET", "foo"}, 1, Note());
  client.Do({"GET", "bar"}, 1, Note());
  client.Do({"RANDOMKEY"}, std::nullopt, Note());
  FakeNet::Stream& a = Open("a:1");
  EXPECT_THAT(a.Commands(), ElementsAre("AUTH p", "CLUSTER SLOTS"));
  a.Reply(absl::StrCat("+OK\r\n", kSlotsReply));
  EXPECT_THAT(a.Commands(), ElementsAre("GET bar", "RANDOMKEY"));
  FakeNet::Stream& b = Open("b:2");
  EXPECT_THAT(b.Commands(), ElementsAre("AUTH p", "GET foo"));
  b.Reply("+OK\r\n+1\r\n");
  a.Reply("+2\r\n+3\r\n");
  EXPECT_THAT(replies_, ElementsAre("1", "2", "3"));
}

TEST_F(RedisClientTest, RedirectionsAreFollowed) {
  RedisClient client(env_, Options(kCluster));
  client.Do({"GET", "bar"}, 1, Note());
  FakeNet::Stream& a = Open("a:1");
  a.Reply(absl::StrCat("+OK\r\n", kSlotsReply));
  a.Reply("-MOVED 5061 c:3\r\n");
  FakeNet::Stream& c = Open("c:3");
  EXPECT_THAT(c.Commands(), ElementsAre("AUTH p", "GET bar"));
  c.Reply("+OK\r\n-ASK 5061 d:4\r\n");
  FakeNet::Stream& d = Open("d:4");
  EXPECT_THAT(d.Commands(), ElementsAre("AUTH p", "ASKING", "GET bar"));
  d.Reply("+OK\r\n+OK\r\n+there\r\n");
  EXPECT_THAT(replies_, ElementsAre("there"));
  // What has moved is asked for where it is now; ASK was for once.
  a.Commands();
  client.Do({"GET", "bar"}, 1, Note());
  EXPECT_THAT(a.Commands(), IsEmpty());
  EXPECT_THAT(c.Commands(), ElementsAre("GET bar"));
}

TEST_F(RedisClientTest, RedirectionsHaveALimit) {
  RedisClient client(env_, Options(kCluster));
  client.Do({"GET", "bar"}, 1, Note());
  FakeNet::Stream& a = Open("a:1");
  a.Reply(absl::StrCat("+OK\r\n", kSlotsReply));
  a.Reply("-MOVED 5061 a:1\r\n-MOVED 5061 a:1\r\n-MOVED 5061 a:1\r\n");
  EXPECT_THAT(replies_, ElementsAre("-MOVED 5061 a:1"));
}

TEST_F(RedisClientTest, AClustersNodesAreAskedInTurn) {
  RedisClient client(env_, Options(kCluster));
  client.Do({"GET", "bar"}, 1, Note());
  Open("a:1").listener.OnEnd(absl::UnavailableError("dial tcp: connection refused"));
  Open("b:1").Reply("+OK\r\n-ERR This instance has cluster support disabled\r\n");
  EXPECT_THAT(replies_, ElementsAre("!ERR This instance has cluster support disabled"));
  client.Do({"GET", "bar"}, 1, Note());  // begins again
  Open("a:1").Reply(absl::StrCat("+OK\r\n", kSlotsReply, "+v\r\n"));
  EXPECT_EQ("v", replies_.back());
}

TEST_F(RedisClientTest, ALostNodeMakesTheClientAskAgain) {
  RedisClient client(env_, Options(kCluster));
  client.Do({"GET", "foo"}, 1, Note());
  FakeNet::Stream& a = Open("a:1");
  a.Reply(absl::StrCat("+OK\r\n", kSlotsReply));
  a.Commands();
  Open("b:2").listener.OnEnd(absl::UnavailableError("gone"));
  EXPECT_THAT(replies_, ElementsAre("!gone"));
  client.Do({"GET", "foo"}, 1, Note());
  EXPECT_THAT(a.Commands(), ElementsAre("CLUSTER SLOTS"));
}

TEST_F(RedisClientTest, SentinelsNameTheMaster) {
  RedisClient client(env_, Options(kSentinels));
  client.Do({"GET", "k"}, 1, Note());
  client.Do({"GET", "l"}, 1, Note());
  FakeNet::Stream& sentinel = Open("s:9");
  EXPECT_THAT(sentinel.Commands(),
              ElementsAre("AUTH sp", "SENTINEL get-master-addr-by-name mymaster"));
  sentinel.Reply("+OK\r\n*2\r\n$1\r\nm\r\n$1\r\n5\r\n");
  FakeNet::Stream& master = Open("m:5");
  EXPECT_THAT(master.Commands(), ElementsAre("AUTH p", "SELECT 1", "GET k", "GET l"));
  master.Reply("+OK\r\n+OK\r\n+1\r\n");
  // It fails over.
  master.listener.OnEnd(absl::UnavailableError("gone"));
  client.Do({"GET", "k"}, 1, Note());
  EXPECT_THAT(sentinel.Commands(), ElementsAre("SENTINEL get-master-addr-by-name mymaster"));
  sentinel.Reply("*2\r\n$1\r\nn\r\n$1\r\n6\r\n");
  Open("n:6").Reply("+OK\r\n+OK\r\n+2\r\n");
  EXPECT_THAT(replies_, ElementsAre("1", "!gone", "2"));
}

TEST_F(RedisClientTest, AMasterThatNobodyKnows) {
  RedisClient client(env_, Options(kSentinels));
  client.Do({"GET", "k"}, 1, Note());
  Open("s:9").Reply("+OK\r\n*-1\r\n");
  EXPECT_THAT(replies_, ElementsAre("!redis: the sentinels know no master \"mymaster\""));
}

TEST_F(RedisClientTest, ClosingForgetsWhoWaits) {
  RedisClient client(env_, Options(R"({"socket": {"host": "h", "port": 1}})"));
  client.Do({"GET", "k"}, 1, Note());
  Open("h:1");
  EXPECT_EQ(1u, net_.streams.size());
  client.Close();
  EXPECT_THAT(net_.streams, IsEmpty());
  EXPECT_THAT(replies_, IsEmpty());
  client.Do({"GET", "k"}, 1, Note());
  Open("h:1").Reply("+v\r\n");
  EXPECT_THAT(replies_, ElementsAre("v"));
}

}  // namespace
}  // namespace lockstep::agent
