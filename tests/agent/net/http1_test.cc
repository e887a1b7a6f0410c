// HTTP/1.1 on the wire: what is written, and what the bytes of an answer mean however they are cut.
#include "agent/net/http1.h"

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"

#include "tests/support/parsed_url.h"

namespace lockstep::agent {
namespace {

using ::lockstep::testing::ParsedUrl;
using ::testing::ElementsAre;
using ::testing::Pair;

struct Read {
  HttpResponse response;
  HttpError error;
  bool over = false, keeps_alive = false, too_long = false;
  size_t used = 0;
};

// Feeds `bytes` in pieces of `step`, and the end of the connection after them if `end`.
Read ReadAnswer(absl::string_view bytes, size_t step, bool head_only, bool end,
                int64_t max_body_bytes = kMaxBodyBytes) {
  Read read;
  ResponseReader reader(read.response);
  Http1Reader answer(read.response, reader);
  reader.Start(/*keep_body=*/true, max_body_bytes);
  answer.Start(head_only);
  for (size_t at = 0; at < bytes.size() && !answer.over(); at += step) {
    read.used += answer.Feed(bytes.substr(at, step));
  }
  if (end) {
    answer.FeedEnd();
  }
  read.over = answer.over();
  read.error = answer.error();
  read.keeps_alive = answer.keeps_alive();
  read.too_long = reader.too_long();
  return read;
}

TEST(AppendRequestHead, WritesWhatGoWrites) {
  struct Row {
    HttpRequest request;
    bool close;
    const char* head;
  };
  const Url url = ParsedUrl("http://host.test:81/a?b=1");
  for (const Row& row : {
           Row{{.url = url}, false, "GET /a?b=1 HTTP/1.1\r\nHost: host.test:81\r\n\r\n"},
           Row{{.url = ParsedUrl("http://[::1]/?")},
               false,
               "GET /? HTTP/1.1\r\nHost: [::1]\r\n\r\n"},
           Row{{.url = url, .headers = {{"Accept", "x"}, {"Empty", ""}, {"User-Agent", ""}}},
               true,
               "GET /a?b=1 HTTP/1.1\r\nHost: host.test:81\r\nAccept: x\r\nEmpty:\r\n"
               "Connection: close\r\n\r\n"},
           Row{{.url = url, .headers = {{"Connection", "keep-alive"}}},
               true,
               "GET /a?b=1 HTTP/1.1\r\nHost: host.test:81\r\nConnection: keep-alive\r\n\r\n"},
           Row{{.method = "POST",
           .url = url,
           .headers = {{"X", "1"}, {"Host", "other"}, {"Content-Length", "9"}},
           .body = "four"},
               false,
               "POST /a?b=1 HTTP/1.1\r\nHost: other\r\nX: 1\r\nContent-Length: 4\r\n\r\n"},
           Row{{.method = "PUT", .url = url},
               false,
               "PUT /a?b=1 HTTP/1.1\r\nHost: host.test:81\r\nContent-Length: 0\r\n\r\n"},
           Row{{.method = "POST", .url = url, .has_body = true},
               false,
               "POST /a?b=1 HTTP/1.1\r\nHost: host.test:81\r\nTransfer-Encoding: chunked\r\n\r\n"
               "0\r\n\r\n"},
           Row{{.method = "HEAD", .url = url, .body = "b"},
               false,
               "HEAD /a?b=1 HTTP/1.1\r\nHost: host.test:81\r\n\r\n"},
       }) {
    std::string head;
    AppendRequestHead(row.request, row.close, &head);
    EXPECT_EQ(head, row.head);
  }
}

TEST(AsksToClose, LooksForTheToken) {
  EXPECT_TRUE(AsksToClose({{"X", "close"}, {"connection", "TE, Close"}}));
  EXPECT_FALSE(AsksToClose({{"Connection", "closed, keep-alive"}, {"X", "close"}}));
}

TEST(Http1Reader, AnswersMeanTheSameHoweverTheyAreCut) {
  struct Row {
    const char* bytes;
    int status;
    const char* body;
    bool keeps_alive;
    bool head_only = false;
    bool end = false;
    const char* rest = "";  // that belongs to nobody
  };
  for (
      const Row& row : {
          Row{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 200, "abc", true},
          Row{"HTTP/1.1 200 OK\nContent-Length: 3\n\nabc", 200, "abc", true},
          Row{"HTTP/1.1 204\r\n\r\n", 204, "", true},
          Row{"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", 304, "", true},
          Row{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", 200, "", true, true},
          Row{"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n", 200, "", false},
          Row{"HTTP/1.1 200 OK\r\nCONNECTION: keep-alive\r\ncontent-length: 1\r\n\r\na", 200, "a",
              true},
          Row{"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", 200, "a", false},
          Row{"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na", 200, "a",
              true},
          Row{"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\na", 200, "a",
              true},
          Row{"HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, "until the end", false, false, true},
          Row{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
              "HTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\na",
              201, "a", true},
          Row{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
              "3\r\nabc\r\nA;x=1\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n",
              200, "abc0123456789", true},
          Row{"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n",
              200, "", true},
          Row{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\naHTTP/1.1 ", 200,
              "a", true, false, false, "HTTP/1.1 "},
      }) {
    const size_t size = std::char_traits<char>::length(row.bytes);
    for (const size_t step : {size_t{1}, size_t{2}, size_t{7}, size}) {
      SCOPED_TRACE(absl::StrCat(row.bytes, " by ", step));
      const Read read = ReadAnswer(row.bytes, step, row.head_only, row.end);
      EXPECT_TRUE(read.over);
      EXPECT_EQ(read.error.message, "");
      EXPECT_EQ(read.response.status, row.status);
      EXPECT_EQ(read.response.body, row.body);
      EXPECT_EQ(read.keeps_alive, row.keeps_alive);
      EXPECT_EQ(absl::string_view(row.bytes).substr(read.used), row.rest);
    }
  }
}

TEST(Http1Reader, HandsOverTheHeadersOfTheFinalAnswer) {
  const Read read = ReadAnswer(
      "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 All is well\r\nOne:  1 \r\n"
      "two:\r\nFolded: a\r\n \t b\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nSum: 1\r\n\r\n",
      3, false, false);
  EXPECT_EQ(read.response.proto, "HTTP/1.1");
  EXPECT_EQ(read.response.status_text, "200 All is well");
  EXPECT_THAT(read.response.headers,
              ElementsAre(Pair("One", "1"), Pair("two", ""), Pair("Folded", "a b")));
}

TEST(Http1Reader, SaysWhatIsWrong) {
  constexpr char kMalformed[] =
      "net/http: HTTP/1.x transport connection broken: malformed HTTP response";
  struct Row {
    std::string bytes;
    const char* message;
  };
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const Row& row : {
           Row{"", "EOF"},
           Row{"HTTP/1.1 200 OK\r\nContent-", "unexpected EOF"},
           Row{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", "unexpected EOF"},
           Row{absl::StrCat(chunked, "3\r\nabc\r\n"), "unexpected EOF"},
           Row{absl::StrCat(chunked, "0\r\n"), "unexpected EOF"},
           Row{"SSH-2.0-OpenSSH\r\n", kMalformed},
           Row{"HTTP/2 200 OK\r\n", kMalformed},
           Row{"HTTP/1.x 200 OK\r\n", kMalformed},
           Row{"HTTP/1.1 2000 OK\r\n", kMalformed},
           Row{"HTTP/1.1 +20 OK\r\n", kMalformed},
           Row{"HTTP/1.1 099 Weird\r\n", kMalformed},
           Row{"HTTP/1.1 000 Nothing\r\n", kMalformed},
           Row{std::string("HTTP/1.1 200 O\0K\r\n", 18), kMalformed},
           Row{std::string("HTTP/1.1 200 OK\r\nA: b\0c\r\n", 25), kMalformed},
           Row{"HTTP/1.1 200 OK\r\nA: b\rC: d\r\n", kMalformed},
           Row{"HTTP/1.1 200 OK\r\nA: b\r\n c\rd\r\n", kMalformed},
           Row{absl::StrCat(chunked, "0\r\nTrailer: a\rb\r\n\r\n"), kMalformed},
           Row{"HTTP/1.1 200 OK\r\nno colon\r\n", kMalformed},
           Row{"HTTP/1.1 200 OK\r\n: no name\r\n", kMalformed},
           Row{"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n", kMalformed},
           Row{"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n", kMalformed},
           Row{"HTTP/1.1 200 OK\r\nContent-Length: 1 1\r\n", kMalformed},
           Row{"HTTP/1.1 200 OK\r\nContent-Length:\r\n", kMalformed},
           Row{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n", kMalformed},
           Row{"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n", kMalformed},
           Row{absl::StrCat(chunked, "x\r\n"), kMalformed},
           Row{absl::StrCat(chunked, "0x1\r\n"), kMalformed},
           Row{absl::StrCat(chunked, "1111111111111111\r\n"), kMalformed},
           Row{absl::StrCat(chunked, "1\r\nab\r\n"), kMalformed},
           Row{"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n",
               "net/http: HTTP/1.x transport connection broken: unsupported transfer encoding"},
           Row{"HTTP/1.1 101 Switching Protocols\r\n\r\n",
               "unsupported response status: 101 Switching Protocols"},
           Row{absl::StrCat(chunked, "1", std::string(100 << 10, ';'), "\r\n"), kMalformed},
       }) {
    for (const size_t step : {size_t{1}, size_t{4096}}) {
      SCOPED_TRACE(absl::StrCat(row.bytes.substr(0, 80), " by ", step));
      const Read read = ReadAnswer(row.bytes, step, false, /*end=*/true);
      EXPECT_TRUE(read.over);
      EXPECT_EQ(read.error.code, 1000);
      EXPECT_EQ(read.error.message, row.message);
    }
  }
}

TEST(Http1Reader, LimitsTheHeadAsAWholeAndInterimAnswersWithIt) {
  constexpr char kTooLarge[] = "the header of the response is too large: 10 MiB at most";
  const std::string line = absl::StrCat("X: ", std::string(150'000, 'x'), "\r\n");
  std::string head = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 4; ++i) {
    head += line;
  }
  EXPECT_EQ(
      ReadAnswer(absl::StrCat(head, "Content-Length: 0\r\n\r\n"), 4096, false, false).error.message,
      "");
  for (int i = 4; i < 70; ++i) {
    head += line;
  }
  EXPECT_EQ(ReadAnswer(head, 4096, false, false).error.message, kTooLarge);
  std::string hints;
  for (int i = 0; i < 70; ++i) {
    absl::StrAppend(&hints, "HTTP/1.1 103 Early Hints\r\n", line, "\r\n");
  }
  EXPECT_EQ(ReadAnswer(hints, 4096, false, false).error.message, kTooLarge);
}

TEST(Http1Reader, ChunksDoNotCountAsHead) {
  std::string bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 100'000; ++i) {
    bytes += "1\r\na\r\n";
  }
  bytes += "0\r\n\r\n";
  const Read read = ReadAnswer(bytes, 4096, false, false);
  EXPECT_EQ(read.error.message, "");
  EXPECT_EQ(read.response.body, std::string(100'000, 'a'));
}

TEST(Http1Reader, EndsWithABodyThatIsTooLong) {
  const Read read =
      ReadAnswer("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd", 64, false, false, 3);
  EXPECT_TRUE(read.over);
  EXPECT_TRUE(read.too_long);
}

}  // namespace
}  // namespace lockstep::agent
