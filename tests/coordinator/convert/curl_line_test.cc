#include "coordinator/convert/curl_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Recording Curl(absl::string_view line) {
  absl::StatusOr<Recording> recording = ReadCurl(line);
  EXPECT_TRUE(recording.ok()) << recording.status();
  return recording.value_or(Recording());
}

const RecordedRequest& First(const Recording& recording) {
  return recording.groups.at(0).requests.at(0);
}

TEST(ReadCurl, ReadsWhatBrowsersCopy) {
  const Recording recording = Curl(
      "curl 'https://h/a?b=c' \\\n  -H 'Accept: */*' -H \"X-Q: say \\\"hi\\\"\" --compressed -sS -L \\\n"
      "  --data-raw $'{\"a\":\"it\\'s\\n\"}' -H 'Content-Type: application/json' -k");
  const RecordedRequest& request = First(recording);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url[1].text, "/a?b=c");
  ASSERT_EQ(request.headers.size(), 3u);
  EXPECT_EQ(request.headers[1].second[0].text, "say \"hi\"");
  EXPECT_EQ(request.body.text[0].text, "{\"a\":\"it's\n\"}");
  EXPECT_TRUE(recording.insecure);
  EXPECT_THAT(recording.left_out, IsEmpty());
}

TEST(ReadCurl, KnowsTheOptionsOfRequests) {
  const Recording posted =
      Curl("curl -XPATCH -d a=1 -d b=2 --data-urlencode 'c=x y' -u me:pw -m 5 h/x");
  const RecordedRequest& request = First(posted);
  EXPECT_EQ(request.method, "PATCH");
  EXPECT_EQ(request.body.text[0].text, "a=1&b=2&c=x%20y");
  EXPECT_EQ(request.timeout, "5s");
  EXPECT_THAT(posted.variables, ElementsAre(::testing::Pair("BASE_URL", "http://h")));
  EXPECT_EQ(request.headers[0].second[0].text, "Basic bWU6cHc=");
  EXPECT_EQ(First(Curl("curl -G -d q=1 http://h/")).url[1].text, "/?q=1");
  EXPECT_EQ(First(Curl("curl -I http://h/")).method, "HEAD");
  EXPECT_EQ(First(Curl("curl --json '{}' http://h/")).method, "POST");
  EXPECT_EQ(Curl("curl http://h/a http://h/b").groups[0].requests.size(), 2u);
}

TEST(ReadCurl, ListsWhatItCannotConvert) {
  EXPECT_THAT(
      Curl("curl -d @file -x proxy:1 -F a=@b.png http://h/ ftp://h/ --next http://i/").left_out,
      ElementsAre(HasSubstr("-d @file"), "-x proxy:1", HasSubstr("the content of b.png"),
                  HasSubstr("all after --next"), HasSubstr("ftp://h/")));
}

TEST(ReadCurl, EndsWhereTheCommandEnds) {
  for (const absl::string_view rest : {"| jq .a", "; rm -rf x", "&& echo 'a'", "> out.json",
                                       "2>/dev/null", "&> out", "< in", "&"}) {
    const Recording recording = Curl(absl::StrCat("curl http://h/a?b=1&c=2 ", rest));
    ASSERT_EQ(recording.groups[0].requests.size(), 1u) << rest;
    EXPECT_EQ(First(recording).url[1].text, "/a?b=1&c=2");
    EXPECT_THAT(recording.left_out, ElementsAre(absl::StrCat("what follows the command: ", rest)));
  }
  EXPECT_THAT(Curl("curl 'http://h/;|<>&' -H 'A: 1;2'").left_out, IsEmpty());
}

TEST(ReadCurl, SaysWhatIsWrongWithALine) {
  const struct {
    const char* line;
    const char* error;
  } kCases[] = {
      {"", "it is no command line of curl: it does not begin with curl"},
      {"wget http://h/", "it is no command line of curl: it does not begin with curl"},
      {"curl 'http://h/", "character 6: the quote that opens there is not closed"},
      {"curl \"a", "character 6: the quote that opens there is not closed"},
      {"curl $'a\\", "character 6: the quote that opens there is not closed"},
      {"curl", "there is no URL in it"},
      {"curl ftp://h/", "there is no URL of HTTP in it"},
      {"curl http://h/ -H", "word 3: the value of -H is missing"},
      {"curl --frob http://h/",
       "word 2: the option --frob is not known, nor whether it takes a value"},
  };
  for (const auto& [line, error] : kCases) {
    EXPECT_EQ(ReadCurl(line).status().message(), error) << line;
  }
}

}  // namespace
}  // namespace lockstep::coordinator
