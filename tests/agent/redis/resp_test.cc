#include "agent/redis/resp.h"

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"

#include "tests/agent/redis/fake_redis.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Resp : public RedisTest {
 protected:
  // All replies in `bytes`, fed in pieces of `size`, then "?" if the last one is not complete, or
  // what is wrong.
  std::vector<std::string> Read(absl::string_view bytes, size_t size) {
    RespReader reader;
    std::vector<std::string> replies;
    while (!bytes.empty()) {
      reader.Feed(bytes.substr(0, size));
      bytes.remove_prefix(std::min(size, bytes.size()));
      for (;;) {
        const absl::StatusOr<std::optional<RespValue>> reply = reader.Next();
        if (!reply.ok()) {
          replies.push_back(std::string(reply.status().message()));
          return replies;
        }
        if (!reply->has_value()) {
          break;
        }
        replies.push_back(Show(**reply));
      }
    }
    return replies;
  }
};

TEST_F(Resp, WritesCommands) {
  std::string bytes;
  AppendCommand({"SET", "k", ""}, &bytes);
  AppendCommand({"GET", "a\r\nb"}, &bytes);
  EXPECT_EQ("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n*2\r\n$3\r\nGET\r\n$4\r\na\r\nb\r\n", bytes);
}

TEST_F(Resp, ReadsRepliesWhereverTheyAreCut) {
  const std::string bytes =
      "+OK\r\n-ERR no\r\n:-5\r\n$5\r\na\r\nbc\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n"
      "*3\r\n$1\r\nx\r\n*2\r\n:1\r\n*1\r\n$-1\r\n+y\r\n";
  for (size_t size = 1; size <= bytes.size(); ++size) {
    EXPECT_THAT(Read(bytes, size), ElementsAre("OK", "-ERR no", ":-5", "a\r\nbc", "", "nil", "nil",
                                               "[]", "[x,[:1,[nil]],y]"))
        << size;
  }
}

TEST_F(Resp, RefusesWhatIsNone) {
  for (const char* bytes : {"HTTP/1.1 400 Bad Request\r\n", "\r\n", ":x\r\n", "$x\r\n", "$-2\r\n",
                            "*-2\r\n", "$1\r\nabc", "$99999999999\r\n", "*99999999999\r\n"}) {
    EXPECT_THAT(Read(bytes, 1000), ElementsAre(HasSubstr("does not speak RESP"))) << bytes;
  }
}

TEST_F(Resp, HasLimits) {
  std::string deep;
  for (size_t i = 0; i <= kDeepestReply; ++i) {
    deep += "*1\r\n";
  }
  EXPECT_THAT(Read(deep, 1000), ElementsAre(HasSubstr("at depth 16")));
  EXPECT_THAT(Read(std::string(70000, 'x'), 70000),
              ElementsAre(HasSubstr("a line without an end")));
  RespReader reader;
  reader.Feed("*2\r\n");
  const std::string half =
      absl::StrCat("$", kMostReplyBytes / 2, "\r\n", std::string(kMostReplyBytes / 2, 'x'), "\r\n");
  reader.Feed(half);
  EXPECT_FALSE((*reader.Next()).has_value());
  reader.Feed(half);
  EXPECT_THAT(reader.Next().status().message(), HasSubstr("a reply of more than 67108864 bytes"));
}

}  // namespace
}  // namespace lockstep::agent
