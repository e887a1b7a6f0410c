// What a client does with a real Redis is in tests/integration/redis_test.py; connections, clusters
// and sentinels are in tests/agent/redis.
#include "tests/agent/js/k6/module_test.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RedisModuleTest : public ModuleTest {};

TEST_F(RedisModuleTest, HasK6sMethods) {
  EXPECT_EQ(
      R"(["constructor","decr","decrBy","del","exists","expire","get","getDel","getSet","hdel","hget","hgetall",)"
      R"("hincrby","hkeys","hlen","hset","hsetnx","hvals","incr","incrBy","lindex","llen","lpop","lpush","lrange","lrem",)"
      R"("lset","mget","persist","randomKey","rpop","rpush","sadd","sendCommand","set","sismember","smembers","spop",)"
      R"("srandmember","srem","ttl"])",
      Run("return Object.getOwnPropertyNames(redis.Client.prototype).sort()"));
}

TEST_F(RedisModuleTest, AServerThatIsNotThereIsARejection) {
  EXPECT_EQ("Error: dial tcp 127.0.0.1:1: connect: connection refused",
            Run("return new redis.Client('redis://127.0.0.1:1').get('k')"));
}

TEST_F(RedisModuleTest, AServerThatIsNotThereIsARowOfErrorsEvenIfItIsCaught) {
  EXPECT_EQ("\"caught\"", Run(R"js(
    return new redis.Client('redis://me:secret@127.0.0.1:1').get('k').catch(() => 'caught')
  )js"));
  EXPECT_THAT(js_.vu().samples.errors,
              ElementsAre("REDIS 127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused"));
  Run("return new redis.Client('redis://[::1]:1').get('k').catch(() => 'caught')");
  EXPECT_THAT(js_.vu().samples.errors.back(), HasSubstr("REDIS [::1]:1: "));
}

TEST_F(RedisModuleTest, MethodsOfAClientNeedNoClientBeforeThem) {
  EXPECT_EQ("Error: dial tcp 127.0.0.1:1: connect: connection refused",
            Run("const { get } = new redis.Client('redis://127.0.0.1:1'); return get('k')"));
}

TEST_F(RedisModuleTest, UserMistakes) {
  EXPECT_THAT(Run("new redis.Client()"),
              HasSubstr("TypeError: redis: a URL or an object with options is expected"));
  EXPECT_THAT(Run("new redis.Client('localhost:6379')"),
              HasSubstr("TypeError: redis: invalid URL"));
  EXPECT_THAT(Run("new redis.Client({ socket: { host: 5 } })"),
              HasSubstr("options.socket.host: a string is expected"));
  EXPECT_THAT(Run("new redis.Client({ addrs: ['h:1'] })"), HasSubstr("unknown field \"addrs\""));
  Init("globalThis.client = new redis.Client('redis://127.0.0.1:1')");
  EXPECT_THAT(Init("return client.get('k')"),
              HasSubstr("commands in the init context are not supported"));
  EXPECT_EQ(
      "TypeError: unsupported type for argument at index 2; supported types are string, number, and boolean",
      Run("return client.set('k', { a: 1 })"));
  EXPECT_EQ("TypeError: redis: expiration: a number of seconds is expected, got soon",
            Run("return client.set('k', 'v', 'soon')"));
  EXPECT_EQ("Error: redis: SUBSCRIBE is not supported: every command must have one reply",
            Run("return client.sendCommand('subscribe', 'news')"));
  EXPECT_EQ("Error: redis: CLIENT is not supported: every command must have one reply",
            Run("return client.sendCommand('CLIENT', 'REPLY', 'OFF')"));
  EXPECT_THAT(Run("return client.get()"), HasSubstr("unsupported type for argument at index 1"));
  EXPECT_THAT(Run("for (let i = 0; i < 1001; ++i) new redis.Client('redis://h')"),
              HasSubstr("this VU has made 1000 clients already"));
}

TEST_F(RedisModuleTest, BuffersOfCertificatesAreTexts) {
  EXPECT_THAT(Run(R"js(
    const text = (t) => Uint8Array.from(t, (c) => c.charCodeAt(0));
    return new redis.Client({ socket: { host: '127.0.0.1', port: 1, tls: { ca: [text('no PEM').buffer] } } }).get('k')
  )js"),
              HasSubstr("Error: ca: there is no PEM certificate in it"));
}

}  // namespace
}  // namespace lockstep::agent
