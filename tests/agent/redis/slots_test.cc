#include "agent/redis/slots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

RespValue Integer(int64_t number) {
  RespValue value;
  value.kind = RespValue::Kind::kInteger;
  value.integer = number;
  return value;
}
RespValue Text(std::string text) {
  RespValue value;
  value.kind = RespValue::Kind::kText;
  value.text = std::move(text);
  return value;
}
RespValue Array(std::vector<RespValue> elements) {
  RespValue value;
  value.kind = RespValue::Kind::kArray;
  value.elements = std::move(elements);
  return value;
}

// The first is from the cluster specification, the others are what `redis-cli cluster keyslot`
// says.
TEST(Slots, AreThoseOfTheSpecification) {
  EXPECT_EQ(0x31C3, SlotOf("123456789"));
  EXPECT_EQ(12182, SlotOf("foo"));
  EXPECT_EQ(5061, SlotOf("bar"));
  EXPECT_EQ(0, SlotOf(""));
}

TEST(Slots, BracesKeepKeysTogether) {
  EXPECT_EQ(SlotOf("user1000"), SlotOf("{user1000}.following"));
  EXPECT_EQ(SlotOf("{bar"), SlotOf("foo{{bar}}zap"));
  EXPECT_EQ(SlotOf("bar"), SlotOf("foo{bar}{zap}"));
  EXPECT_NE(SlotOf("a{}b"), SlotOf("c{}d"));  // nothing between them: the whole key counts
}

TEST(Slots, MapSaysWhoHasWhat) {
  const absl::StatusOr<SlotMap> map = SlotMap::Parse(
      Array({Array({Integer(0), Integer(9), Array({Text("10.0.0.1"), Integer(7000), Text("id")}),
                    Array({Text("10.0.0.9"), Integer(7009)})}),
             Array({Integer(12182), Integer(16383), Array({Text(""), Integer(7001)})})}),
      "asked");
  ASSERT_TRUE(map.ok()) << map.status();
  EXPECT_EQ((RedisNode{"10.0.0.1", 7000}), *map->Find(9));
  EXPECT_EQ(nullptr, map->Find(10));
  EXPECT_EQ((RedisNode{"asked", 7001}), *map->Find(SlotOf("foo")));
  SlotMap changed = *map;
  changed.Set(10, {"10.0.0.2", 7002});
  EXPECT_EQ((RedisNode{"10.0.0.2", 7002}), *changed.Find(10));
}

TEST(Slots, RefusesWhatIsNoMap) {
  const RespValue node = Array({Text("h"), Integer(1)});
  for (const RespValue& reply :
       {Text("x"), Array({Text("x")}), Array({Array({Integer(0), Integer(1)})}),
        Array({Array({Integer(-1), Integer(1), node})}),
        Array({Array({Integer(0), Integer(16384), node})}),
        Array({Array({Integer(0), Integer(1), Array({Text("h")})})})}) {
    EXPECT_FALSE(SlotMap::Parse(reply, "h").ok());
  }
}

TEST(Slots, NodesOfRedirections) {
  EXPECT_EQ((RedisNode{"127.0.0.1", 6381}), *ParseNode("127.0.0.1:6381", "h"));
  EXPECT_EQ((RedisNode{"::1", 6381}), *ParseNode("::1:6381", "h"));
  EXPECT_EQ((RedisNode{"h", 6381}), *ParseNode(":6381", "h"));
  for (const char* text : {"", "x", "x:", "x:y", "x:0", "x:65536"}) {
    EXPECT_FALSE(ParseNode(text, "h").has_value()) << text;
  }
}

}  // namespace
}  // namespace lockstep::agent
