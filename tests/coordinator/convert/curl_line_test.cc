#include "coordinator/convert/curl_line.h"

#include <optional>
#include <string>
#include <vector>

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

std::vector<std::string> Headers(const RecordedRequest& request) {
  std::vector<std::string> headers;
  for (const auto& [name, value] : request.headers) {
    headers.push_back(absl::StrCat(name, ": ", Joined(value)));
  }
  return headers;
}

TEST(ReadCurl, ReadsWhatBrowsersCopy) {
  const Recording recording = Curl(
      "curl 'https://h/a?b=c' \\\n  -H 'Accept: */*' -H \"X-Q: say \\\"hi\\\"\" --compressed -sS -L \\\n"
      "  --data-raw $'{\"a\":\"it\\'s\\n\"}' -H 'Content-Type: application/json' -k");
  const RecordedRequest& request = First(recording);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url[1].text, "/a?b=c");
  EXPECT_THAT(Headers(request),
              ElementsAre("Accept: */*", "X-Q: say \"hi\"", "Content-Type: application/json",
                          "Accept-Encoding: deflate, gzip, br, zstd"));
  EXPECT_EQ(request.body.text[0].text, "{\"a\":\"it's\n\"}");
  EXPECT_TRUE(recording.insecure);
  EXPECT_THAT(recording.left_out, IsEmpty());
}

TEST(ReadCurl, KnowsTheOptionsOfRequests) {
  const Recording posted =
      Curl("curl -XPATCH -d a=1 -d b=2 --data-urlencode 'c=x y' -u me:pw -m 5 h/x");
  const RecordedRequest& request = First(posted);
  EXPECT_EQ(request.method, "PATCH");
  EXPECT_EQ(request.body.text[0].text, "a=1&b=2&c=x+y");
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
      ElementsAre(HasSubstr("the content of file"), "-x proxy:1", HasSubstr("the content of b.png"),
                  HasSubstr("all after --next"), HasSubstr("-d, -F and -T in one line"),
                  HasSubstr("ftp://h/")));
}

// What each option says to curl 8.14, as a server saw it.
TEST(ReadCurl, SendsTheDataThatCurlSends) {
  const struct {
    const char* options;
    const char* body;
    std::vector<std::string> files;
  } kCases[] = {
      {"--json '{\"a\":1}' --json '{\"b\":1}' -d x", "{\"a\":1}{\"b\":1}&x", {}},
      {"--json @f.json", "content of the file", {"f.json"}},
      {"-d a -d @x.json", "a&content of the file", {"x.json"}},
      {"--data-binary @x.bin", "content of the file", {"x.bin"}},
      {"--data-raw @x.bin", "@x.bin", {}},
      {"--data-urlencode n@f.txt", "n=content+of+the+file", {"f.txt"}},
      {"--data-urlencode @f.txt", "content+of+the+file", {"f.txt"}},
      {"--data-urlencode '=a b' --data-urlencode 'a@b=c&'", "a+b&a@b=c%26", {}},
      {"-d ''", "", {}},
  };
  for (const auto& each : kCases) {
    SCOPED_TRACE(each.options);
    const Recording recording = Curl(absl::StrCat("curl http://h/ ", each.options));
    EXPECT_EQ(First(recording).method, "POST");
    ASSERT_EQ(First(recording).body.kind, RecordedBody::Kind::kText);
    EXPECT_EQ(Joined(First(recording).body.text), each.body);
    std::vector<std::string> left_out;
    for (const std::string& file : each.files) {
      left_out.push_back(FileLeftOut(file));
    }
    EXPECT_EQ(recording.left_out, left_out);
  }
}

TEST(ReadCurl, PutsWhatIsUploaded) {
  const struct {
    const char* line;
    const char* method;
    const char* path;
  } kCases[] = {
      {"curl -T d/x.txt http://h/up/", "PUT", "/up/x.txt"},
      {"curl -T 'x y.txt' http://h", "PUT", "/x%20y.txt"},
      {"curl -T x.txt http://h/a", "PUT", "/a"},
      {"curl -X PATCH -T x.txt http://h/up/?q=1", "PATCH", "/up/?q=1"},
      {"curl -X PUT -d @x.txt http://h/a", "PUT", "/a"},
  };
  for (const auto& [line, method, path] : kCases) {
    SCOPED_TRACE(line);
    const Recording recording = Curl(line);
    EXPECT_EQ(First(recording).method, method);
    EXPECT_EQ(First(recording).url[1].text, path);
    EXPECT_EQ(Joined(First(recording).body.text), kFileContent);
    EXPECT_THAT(recording.left_out, ElementsAre(HasSubstr("the content of ")));
  }
  const Recording two = Curl("curl -T a http://h/1 http://h/2");
  EXPECT_EQ(two.groups[0].requests[1].method, "GET");
  EXPECT_THAT(First(two).headers, IsEmpty());
}

TEST(ReadCurl, SendsTheHeadersThatCurlSends) {
  const struct {
    const char* options;
    std::vector<std::string> headers;
  } kCases[] = {
      {"-H 'Host: foo' -H 'Cookie: a=b' -H 'Accept-Encoding: gzip' -H 'If-None-Match: x'",
       {"Host: foo", "Cookie: a=b", "Accept-Encoding: gzip", "If-None-Match: x"}},
      {"-H 'Accept:' -H 'X-E;' -H 'Expect:'", {"X-E: "}},
      {"-H 'Content-Type:' -d x", {}},
      {"-A ''", {"User-Agent: "}},
      {"-b a=1 -b c=2", {"Cookie: a=1;c=2"}},
      {"-b a=1 -H 'cookie: z=1'", {"cookie: z=1"}},
      {"-u me:pw -H 'Authorization: z'", {"Authorization: z"}},
      {"--oauth2-bearer tok -u me:pw", {"Authorization: Bearer tok"}},
      {"--json 1 -H 'Accept: q'", {"Accept: q", "Content-Type: application/json"}},
      {"-r 0-5 -e 'http://r/;auto'", {"Range: bytes=0-5", "Referer: http://r/"}},
      {"-H 'Connection: keep-alive' -H 'Content-Length: 1' -d x -H 'content-type: a/b'",
       {"content-type: a/b"}},
      {"--compressed --no-compressed", {}},
  };
  for (const auto& [options, headers] : kCases) {
    SCOPED_TRACE(options);
    const Recording recording = Curl(absl::StrCat("curl http://h/ ", options));
    EXPECT_EQ(Headers(First(recording)), headers);
    EXPECT_THAT(recording.left_out, IsEmpty());
  }
  EXPECT_THAT(Curl("curl h -H 'Host:' -H 'Transfer-Encoding: chunked' -H nothing -H @file -b jar "
                   "-H 'Content-Length: 5' -u me")
                  .left_out,
              ElementsAre(HasSubstr("-H Host:"), HasSubstr("Transfer-Encoding: chunked"),
                          HasSubstr("\"nothing\", which has no value"), HasSubstr("-H @file"),
                          HasSubstr("-b jar"), HasSubstr("-u me: the password"),
                          HasSubstr("Content-Length: 5")));
}

TEST(ReadCurl, FollowsRedirectsAsCurlDoes) {
  EXPECT_EQ(First(Curl("curl http://h/")).redirects, 0);
  EXPECT_EQ(First(Curl("curl -L http://h/")).redirects, std::nullopt);
  EXPECT_EQ(First(Curl("curl -L --max-redirs 3 http://h/")).redirects, 3);
  EXPECT_EQ(First(Curl("curl -L --max-redirs -1 http://h/")).redirects, 1000);
  EXPECT_EQ(First(Curl("curl --max-redirs 3 http://h/")).redirects, 0);
  EXPECT_EQ(First(Curl("curl --location --no-location http://h/")).redirects, 0);
}

TEST(ReadCurl, KnowsAllOfItsManual) {
  EXPECT_THAT(Curl("curl -4 -6 --tcp-nodelay -Z --no-keepalive --no-progress-meter --http2 -o f "
                   "--tlsv1.2 --proto '=https' --retry-delay 1 -sSfvi#JOR --stderr - http://h/")
                  .left_out,
              ElementsAre("--no-keepalive"));
  EXPECT_THAT(Curl("curl --retry 3 --http1.1 --unix-socket /s --aws-sigv4 aws -n h").left_out,
              ElementsAre("--retry 3", "--http1.1", "--unix-socket /s", "--aws-sigv4 aws", "-n"));
  EXPECT_THAT(Curl("curl --variable a=b --expand-url 'http://h/{{a}}' -g").left_out,
              ElementsAre("--variable a=b", HasSubstr("--expand-url: variables of curl's")));
  EXPECT_EQ(First(Curl("curl --proto-default https h")).url[0].text, "BASE_URL");
  EXPECT_EQ(Curl("curl --proto-default https h").variables[0].second, "https://h");
  EXPECT_EQ(First(Curl("curl --url-query 'a=b c' --url-query +x=%20 'http://h/?z=1'")).url[1].text,
            "/?z=1&a=b+c&x=%20");
}

TEST(ReadCurl, TakesPatternsInUrlsForText) {
  const Recording escaped = Curl("curl 'http://h/?a\\[\\]=1&b\\{c\\}[]'");
  EXPECT_EQ(First(escaped).url[1].text, "/?a[]=1&b{c}[]");
  EXPECT_THAT(escaped.left_out, IsEmpty());
  EXPECT_THAT(Curl("curl -g 'http://h/{a,b}' 'http://[::1]/'").left_out, IsEmpty());
  EXPECT_THAT(Curl("curl 'http://h/{a,b}'").left_out,
              ElementsAre(HasSubstr("the pattern in http://h/{a,b}")));
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
      {"", "not a curl command line: it must begin with `curl`"},
      {"wget http://h/", "not a curl command line: it must begin with `curl`"},
      {"Invoke-WebRequest -Uri \"http://h/\"",
       "not a curl command line: it must begin with `curl`; copy it as cURL (bash)"},
      {"curl 'http://h/", "character 6: the quote that opens there is not closed"},
      {"curl \"a", "character 6: the quote that opens there is not closed"},
      {"curl $'a\\", "character 6: the quote that opens there is not closed"},
      {"curl", "there is no URL in it"},
      {"curl ftp://h/", "there is not an HTTP URL in it"},
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
