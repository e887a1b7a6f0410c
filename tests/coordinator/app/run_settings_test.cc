#include "coordinator/app/run_settings.h"

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(MistakesInSettings, AreToldAllAtOnce) {
  RunRequest request;
  request.run.outputs = {{"-o", "csv=/no/such/x"}, {"--out", "influxdb=abc"}, {"-o", "jsn"}};
  request.run.summary_export = "/no/such/y";
  request.run.journal = "/no/such/z";
  request.run.journal_source = "LOCKSTEP_JOURNAL";
  request.run.usage_report_url = "nonsense";
  request.run.usage_report_source = "K6_USAGE_REPORT_URL";
  EXPECT_THAT(MistakesInSettings(request, {}, {}),
              ElementsAre("-o csv: cannot write '/no/such/x': No such file or directory",
                          "--out influxdb: invalid value \"abc\": expected http://host:port or "
                          "https://host:port, with a path or without",
                          HasSubstr("-o jsn: invalid output type 'jsn'"),
                          "--summary-export: cannot write '/no/such/y': No such file or directory",
                          "LOCKSTEP_JOURNAL: journal /no/such/z: No such file or directory",
                          "K6_USAGE_REPORT_URL: \"nonsense\" is not an http:// or https:// URL"));
  ConfigFile config;
  config.name = "c.yaml";
  config.usage_report_url = "nonsense";
  config.outputs = {"json=/no/such/x", "statsd=h:0", "web-dashboard=port=x"};
  EXPECT_THAT(MistakesInSettings(RunRequest(), config, {}),
              ElementsAre(::testing::StartsWith("c.yaml: out: json: cannot write"),
                          ::testing::StartsWith("c.yaml: out: statsd: invalid value \"h:0\""),
                          ::testing::StartsWith("c.yaml: out: web-dashboard: port: invalid value"),
                          ::testing::StartsWith("c.yaml: usageReportUrl: ")));
}

TEST(MistakesInSettings, NameTheFlagOrVariableOfAFile) {
  RunRequest request;
  request.run.result_file = "/no/such/r";
  request.run.result_file_source = "LOCKSTEP_RESULT_FILE";
  request.run.report = "/no/such/p";
  request.run.outputs = {{"K6_OUT", "json=/no/such/j"}};
  const auto refused = [](const char* source, const char* path) {
    return absl::StrCat(source, ": cannot write '", path, "': No such file or directory");
  };
  EXPECT_THAT(
      MistakesInSettings(request, {}, {{"K6_WEB_DASHBOARD_EXPORT", "/no/such/e"}}),
      ElementsAre(refused("K6_OUT: json", "/no/such/j"),
                  refused("LOCKSTEP_RESULT_FILE", "/no/such/r"), refused("--report", "/no/such/p"),
                  refused("K6_WEB_DASHBOARD_EXPORT", "/no/such/e")));
}

TEST(MistakesInSettings, NameTheVariableOfAnOutput) {
  constexpr struct {
    const char* output;
    const char* variable;
  } kRows[] = {
      {"statsd", "K6_STATSD_ADDR"},
      {"csv=x.csv", "LOCKSTEP_CSV_TIME_FORMAT"},
      {"csv=x.csv", "K6_CSV_SAVE_INTERVAL"},
      {"influxdb", "K6_INFLUXDB_ADDR"},
      {"opentelemetry", "LOCKSTEP_OTEL_HTTP_EXPORTER_ENDPOINT"},
      {"opentelemetry", "K6_OTEL_HTTP_EXPORTER_INSECURE"},
      {"experimental-prometheus-rw", "K6_PROMETHEUS_RW_SERVER_URL"},
      {"experimental-prometheus-rw", "K6_PROMETHEUS_RW_TLS_MINIMUM_VERSION"},
  };
  for (const auto& [output, variable] : kRows) {
    RunRequest request;
    request.run.outputs = {{"-o", output}};
    EXPECT_THAT(MistakesInSettings(request, {}, {{variable, "%z:0"}}),
                ElementsAre(::testing::StartsWith(absl::StrCat(
                    "-o ", std::string(output).substr(0, std::string(output).find('=')), ": ",
                    variable, ": invalid value \"%z:0\": expected "))));
  }
}

TEST(MistakesInSettings, NameTheVariableOfAFileThatIsRead) {
  const std::string path = ::testing::TempDir() + "/run_settings.yaml";
  RunRequest request;
  request.test.config_file = path;
  request.test.config_label = "K6_CONFIG";
  request.run.report = path;
  EXPECT_THAT(
      MistakesInSettings(request, {}, {}),
      ElementsAre("--report: \"" + path +
                  "\" would be written over, and is the file of K6_CONFIG: name another file"));
}

TEST(MistakesInSettings, NameAllFlagsThatWriteOneFile) {
  const std::string path = ::testing::TempDir() + "/run_settings.json";
  RunRequest request;
  request.run.outputs = {{"-o", "json=" + path}, {"-o", "junit=" + path}};
  request.run.result_file = path;
  request.run.report = path;
  request.run.summary_export = path;
  request.log.file = path;
  EXPECT_THAT(
      MistakesInSettings(request, {},
                         {{"K6_WEB_DASHBOARD", "true"}, {"K6_WEB_DASHBOARD_EXPORT", path}}),
      ElementsAre("--log-output, -o json, -o junit, --result-file, --report, "
                  "K6_WEB_DASHBOARD_EXPORT, --summary-export: all of them name the file \"" +
                  path + "\", which can hold one of them: name a file for each"));
  EXPECT_FALSE(std::filesystem::exists(path)) << "nothing is made by a look";
}

}  // namespace
}  // namespace lockstep::coordinator
