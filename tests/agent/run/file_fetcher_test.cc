#include "agent/run/file_fetcher.h"

#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

TEST(FileFetcher, AsksPieceByPieceUntilTheFileIsWhole) {
  std::vector<v1::FileRequest> asked;
  FileFetcher files([&](const v1::FileRequest& request) { asked.push_back(request); });
  std::vector<std::string> got;
  files.Fetch("file:///a",
              [&](const absl::StatusOr<std::string>& content) { got.push_back(*content); });
  files.Fetch("file:///a",
              [&](const absl::StatusOr<std::string>& content) { got.push_back(*content); });
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].offset(), 0);
  v1::FileReply reply;
  reply.set_id(asked[0].id());
  reply.set_data("abc");
  reply.set_size_bytes(5);
  files.OnReply(reply);
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_EQ(asked[1].offset(), 3);
  reply.set_data("de");
  files.OnReply(reply);
  EXPECT_EQ(got, (std::vector<std::string>{"abcde", "abcde"}));
  files.Fetch("file:///a",
              [&](const absl::StatusOr<std::string>& content) { got.push_back(*content); });
  EXPECT_EQ(got.size(), 3u);
  EXPECT_EQ(asked.size(), 2u);
}

// For such a name, the coordinator would end the agent's session.
TEST(FileFetcher, DoesNotAskForWhatHasTooLongAName) {
  int asked = 0;
  FileFetcher files([&](const v1::FileRequest&) { ++asked; });
  absl::Status got;
  const auto fetch = [&](size_t bytes) {
    files.Fetch(std::string(bytes, 'x'),
                [&](const absl::StatusOr<std::string>& content) { got = content.status(); });
  };
  fetch(8192);
  EXPECT_EQ(asked, 1);
  fetch(8193);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(got, absl::InvalidArgumentError(
                     "the name of a file has at most 8192 bytes, and this one has 8193"));
}

TEST(FileFetcher, AnEmptyFileIsWholeAtOnce) {
  uint64_t id = 0;
  FileFetcher files([&](const v1::FileRequest& request) { id = request.id(); });
  absl::StatusOr<std::string> got = absl::UnknownError("nothing yet");
  files.Fetch("file:///empty",
              [&](absl::StatusOr<std::string> content) { got = std::move(content); });
  v1::FileReply reply;
  reply.set_id(id);
  files.OnReply(reply);
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(*got, "");
}

TEST(FileFetcher, PassesTheCoordinatorsErrorOn) {
  uint64_t id = 0;
  FileFetcher files([&](const v1::FileRequest& request) { id = request.id(); });
  absl::Status got;
  files.Fetch("file:///none",
              [&](const absl::StatusOr<std::string>& content) { got = content.status(); });
  v1::FileReply reply;
  reply.set_id(id);
  reply.set_error_code(5);
  reply.set_error("no such file");
  files.OnReply(reply);
  EXPECT_EQ(got, absl::NotFoundError("no such file"));
}

TEST(FileFetcher, AReplyWithTooFewOrTooManyBytesEndsTheTransfer) {
  for (const char* data : {"", "abcdef"}) {
    uint64_t id = 0;
    FileFetcher files([&](const v1::FileRequest& request) { id = request.id(); });
    absl::Status got;
    files.Fetch("file:///a",
                [&](const absl::StatusOr<std::string>& content) { got = content.status(); });
    v1::FileReply reply;
    reply.set_id(id);
    reply.set_data(data);
    reply.set_size_bytes(3);
    files.OnReply(reply);
    EXPECT_TRUE(absl::IsDataLoss(got)) << got;
  }
}

}  // namespace
}  // namespace lockstep::agent
