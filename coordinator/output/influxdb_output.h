// `-o influxdb[=http://HOST:PORT/DATABASE]`: each sample as a line of InfluxDB's line protocol,
// once a second. Version 1 of the API, or version 2 if K6_INFLUXDB_BUCKET or K6_INFLUXDB_TOKEN is
// set. Settings: K6_INFLUXDB_ADDR, DB, USERNAME, PASSWORD, INSECURE, PAYLOAD_SIZE, PUSH_INTERVAL,
// PRECISION, RETENTION, CONSISTENCY, TAGS_AS_FIELDS, PROXY; of version 2: TOKEN, ORGANIZATION,
// BUCKET.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "absl/strings/string_view.h"

#include "coordinator/output/output.h"

namespace lockstep::coordinator {

enum class FieldKind { kString, kInt, kFloat, kBool };
struct LineProtocolConfig {
  // Tags that are written as fields, since they have too many values to index by.
  std::map<std::string, FieldKind, std::less<>> fields = {
      {"vu", FieldKind::kInt}, {"iter", FieldKind::kInt}, {"url", FieldKind::kString}};
  int64_t nanos_per_tick = 1;  // of the timestamps
};
// `metric,tag=a value=1.5,url="..." 1700000000000000000\n`
void AppendInfluxLine(const LineProtocolConfig& config, const Batch& batch, const Point& point,
                      std::string* out);

MadeOutput MakeInfluxdbOutput(absl::string_view argument, const OutputContext& context);

}  // namespace lockstep::coordinator
