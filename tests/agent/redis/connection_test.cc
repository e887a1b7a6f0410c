#include "agent/redis/connection.h"

#include <gmock/gmock.h>

#include "tests/agent/redis/fake_redis.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RedisConnectionTest : public RedisTest {
 protected:
  static RedisConnection::Settings Settings() {
    RedisConnection::Settings settings;
    settings.target.host = "h";
    settings.target.port = 1;
    settings.read_timeout = absl::Seconds(3);
    return settings;
  }
};

TEST_F(RedisConnectionTest, CommandsFollowEachOtherAndRepliesComeInOrder) {
  RedisConnection connection(env_, Settings());
  EXPECT_THAT(net_.streams, IsEmpty());  // nothing before the first command
  ASSERT_TRUE(connection.Send({"SET", "k", "v"}, Note()).ok());
  ASSERT_TRUE(connection.Send({"GET", "k"}, Note()).ok());
  FakeNet::Stream& stream = Open("h:1");
  EXPECT_THAT(stream.Commands(), ElementsAre("SET k v", "GET k"));
  ASSERT_TRUE(connection.Send({"INCR", "k"}, Note()).ok());
  EXPECT_THAT(stream.Commands(), ElementsAre("INCR k"));
  stream.Reply("+OK\r\n$1\r\n");
  EXPECT_THAT(replies_, ElementsAre("OK"));
  stream.Reply("v\r\n-ERR value is not an integer\r\n");
  EXPECT_THAT(replies_, ElementsAre("OK", "v", "-ERR value is not an integer"));
}

TEST_F(RedisConnectionTest, GreetsFirst) {
  RedisConnection::Settings settings = Settings();
  settings.greeting = {{"AUTH", "p"}, {"SELECT", "2"}};
  RedisConnection connection(env_, settings);
  ASSERT_TRUE(connection.Send({"PING"}, Note()).ok());
  FakeNet::Stream& stream = Open("h:1");
  EXPECT_THAT(stream.Commands(), ElementsAre("AUTH p", "SELECT 2", "PING"));
  stream.Reply("+OK\r\n+OK\r\n+PONG\r\n");
  EXPECT_THAT(replies_, ElementsAre("PONG"));
}

TEST_F(RedisConnectionTest, AWrongPasswordIsWhatCommandsAreTold) {
  RedisConnection::Settings settings = Settings();
  settings.greeting = {{"AUTH", "wrong"}};
  RedisConnection connection(env_, settings);
  ASSERT_TRUE(connection.Send({"GET", "k"}, Note()).ok());
  ASSERT_TRUE(connection.Send({"GET", "l"}, Note()).ok());
  Open("h:1").Reply(
      "-WRONGPASS invalid username-password pair or user is disabled.\r\n-NOAUTH\r\n");
  EXPECT_THAT(replies_, ElementsAre(HasSubstr("!WRONGPASS"), HasSubstr("!WRONGPASS")));
  EXPECT_THAT(net_.streams, IsEmpty());
}

TEST_F(RedisConnectionTest, AnEndTakesItsCommandsAlongAndTheNextOneConnectsAgain) {
  RedisConnection connection(env_, Settings());
  ASSERT_TRUE(connection.Send({"INCR", "k"}, Note()).ok());
  Open("h:1").listener.OnEnd(absl::OkStatus());
  EXPECT_THAT(replies_, ElementsAre("!EOF"));
  ASSERT_TRUE(connection.Send({"GET", "k"}, Note()).ok());
  FakeNet::Stream& again = Open("h:1");
  EXPECT_THAT(again.Commands(), ElementsAre("GET k"));  // and no second INCR
  again.Reply(":1\r\n");
  EXPECT_THAT(replies_, ElementsAre("!EOF", ":1"));
  ASSERT_TRUE(connection.Send({"GET", "k"}, Note()).ok());
  again.listener.OnEnd(absl::UnavailableError("read: connection reset by peer"));
  EXPECT_EQ("!read: connection reset by peer", replies_.back());
}

TEST_F(RedisConnectionTest, AServerThatDoesNotAnswerIsGivenUp) {
  RedisConnection connection(env_, Settings());
  ASSERT_TRUE(connection.Send({"GET", "a"}, Note()).ok());
  loop_.RunFor(absl::Seconds(10));  // to dial has a limit of its own
  EXPECT_THAT(replies_, IsEmpty());
  FakeNet::Stream& stream = Open("h:1");
  loop_.RunFor(absl::Seconds(2));
  ASSERT_TRUE(connection.Send({"GET", "b"}, Note()).ok());
  stream.Reply("$-1\r\n");
  loop_.RunFor(absl::Milliseconds(2999));
  EXPECT_THAT(replies_, ElementsAre("nil"));
  loop_.RunFor(absl::Milliseconds(1));
  EXPECT_THAT(replies_, ElementsAre("nil", "!redis: i/o timeout: no reply in time"));
  EXPECT_THAT(net_.streams, IsEmpty());
  loop_.RunFor(absl::Hours(1));  // without commands there is nothing to wait for
  EXPECT_EQ(2u, replies_.size());
}

TEST_F(RedisConnectionTest, ABrokenServerIsLeft) {
  RedisConnection connection(env_, Settings());
  ASSERT_TRUE(connection.Send({"GET", "a"}, Note()).ok());
  Open("h:1").Reply("HTTP/1.1 400 Bad Request\r\n");
  EXPECT_THAT(replies_, ElementsAre(HasSubstr("!redis: the server does not speak RESP")));
  ASSERT_TRUE(connection.Send({"GET", "a"}, Note()).ok());
  Open("h:1").Reply("$-1\r\n+more\r\n");
  EXPECT_THAT(net_.streams, IsEmpty());  // a reply to nothing: who knows what the next one is to?
  EXPECT_EQ("nil", replies_.back());
}

TEST_F(RedisConnectionTest, HasLimits) {
  RedisConnection connection(env_, Settings());
  for (size_t i = 0; i < kMostWaiting; ++i) {
    ASSERT_TRUE(connection.Send({"GET", "a"}, Note()).ok());
  }
  EXPECT_EQ(absl::StatusCode::kResourceExhausted, connection.Send({"GET", "a"}, Note()).code());
  RedisConnection other(env_, Settings());
  ASSERT_TRUE(other.Send({"GET", "a"}, Note()).ok());
  Open("h:1").refuses = true;
  EXPECT_EQ(absl::StatusCode::kUnavailable, other.Send({"GET", "a"}, Note()).code());
}

TEST_F(RedisConnectionTest, CountsBytes) {
  {
    RedisConnection connection(env_, Settings());
    ASSERT_TRUE(connection.Send({"PING"}, Note()).ok());
    Open("h:1").Reply("+PONG\r\n");
    EXPECT_EQ(14, sent_);  // *1 $4 PING with line ends
    EXPECT_EQ(7, received_);
    ASSERT_TRUE(connection.Send({"PING"}, Note()).ok());
  }
  EXPECT_EQ(28, sent_);
  EXPECT_EQ(7, received_);
  EXPECT_THAT(replies_, ElementsAre("PONG"));  // nobody is told at the end
}

}  // namespace
}  // namespace lockstep::agent
