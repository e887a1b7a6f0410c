// What InfluxDB gets.
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "coordinator/output/influxdb_output.h"
#include "tests/coordinator/output/sinks_fixture.h"

namespace lockstep::coordinator {
namespace {

using lockstep::testing::SinkServer;
using ::testing::Contains;
using ::testing::HasSubstr;

TEST(InfluxLine, EscapesTagsAndWritesFields) {
  Batch batch = OneOfEach();
  std::string line;
  AppendInfluxLine({}, batch, batch.points[0], &line);
  EXPECT_EQ(line,
            "http_reqs,check=body\\ ok value=1,iter=9i,vu=4i,url=\"http://x/?a=1,2 b\" "
            "1700000000000000000\n");
  batch.tag_sets = {{{"a,b", "c=d"}, {"n", "line\nfeed"}, {"p", "x\\"}, {"url", "say \"hi\" \\"}}};
  line.clear();
  AppendInfluxLine({.nanos_per_tick = 1'000'000'000}, batch, batch.points[6], &line);
  EXPECT_EQ(line,
            "http_req_duration,a\\,b=c\\=d,n=line\\ feed,p=x\\\\  "
            "value=3000,url=\"say \\\"hi\\\" \\\\\" 1700000000\n");
}

TEST_F(SinksTest, CreatesAnInfluxDatabaseAndWritesPoints) {
  SinkServer server;
  context_.environment = {{"K6_INFLUXDB_TAGS_AS_FIELDS", "vu:int,url"},
                          {"K6_INFLUXDB_PRECISION", "ms"}};
  const auto requests = Send("influxdb=" + server.Url("/my db"), server);
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_THAT(requests[0].head, HasSubstr("/query?q=CREATE%20DATABASE%20%22my%20db%22 "));
  EXPECT_THAT(requests[1].head, HasSubstr("/write?db=my%20db&precision=ms "));
  const std::vector<std::string> lines = absl::StrSplit(requests[1].body, '\n', absl::SkipEmpty());
  EXPECT_EQ(lines.size(), 7u);
  EXPECT_THAT(lines, Contains("vus,iter=9,check=body\\ ok value=7,vu=4i,url=\"http://x/?a=1,2 b\" "
                              "1700000000000"));
}

TEST_F(SinksTest, SpeaksTheSecondVersionOfInfluxWhenThereIsABucket) {
  SinkServer server;
  context_.environment = {{"K6_INFLUXDB_ADDR", server.Url("/")},
                          {"K6_INFLUXDB_BUCKET", "b"},
                          {"K6_INFLUXDB_ORGANIZATION", "o"},
                          {"K6_INFLUXDB_TOKEN", "t"}};
  const auto requests = Send("influxdb", server);
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_THAT(requests[0].head, HasSubstr("POST /api/v2/write?bucket=b&org=o&precision=ns "));
  EXPECT_THAT(requests[0].head, HasSubstr("Authorization: Token t"));
}

TEST_F(SinksTest, NamesAllThatIsWrongWithInfluxSettings) {
  context_.environment = {{"K6_INFLUXDB_PRECISION", "weeks"},
                          {"K6_INFLUXDB_TAGS_AS_FIELDS", "vu:number"},
                          {"K6_INFLUXDB_PAYLOAD_SIZE", "0"}};
  const std::string error = MakeError("influxdb");
  EXPECT_THAT(error, HasSubstr("K6_INFLUXDB_PRECISION: invalid value \"weeks\""));
  EXPECT_THAT(error, HasSubstr("K6_INFLUXDB_TAGS_AS_FIELDS: invalid value \"vu:number\""));
  EXPECT_THAT(error,
              HasSubstr("K6_INFLUXDB_PAYLOAD_SIZE: invalid value \"0\": expected an integer, "
                        "at least 1"));
}

}  // namespace
}  // namespace lockstep::coordinator
