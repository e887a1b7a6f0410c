// What all VUs of one run on one agent share. Set up on the conductor's loop before any VU exists;
// afterwards workers only read it, except for the counters and what is marked as guarded.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"

#include "agent/data/row_dealer.h"
#include "agent/data/shared_array.h"
#include "agent/data/shared_file.h"
#include "agent/grpc/schema_store.h"
#include "agent/health/run_health.h"
#include "agent/js/script_source.h"
#include "agent/run/script_host.h"
#include "common/base/event_loop.h"
#include "common/base/log.h"
#include "common/base/sync.h"
#include "common/options/system_tags.h"

namespace lockstep::agent {

// What a run uses of its host, which outlives it.
struct RunHost {
  EventLoop& conductor;  // only Post and clock()
  Logger& logger;
  RunHealth& health;
  // Called on the conductor's loop.
  ScriptHost::Events& events;
  absl::AnyInvocable<void(std::string message)>& on_broken;  // a heap is exhausted
};

struct RunShared : RunHost {
  explicit RunShared(const RunHost& host) : RunHost(host) {}

  ScriptBundle bundle;
  RunConfig config;
  SystemTags system_tags;
  std::unique_ptr<SharedArrayStore> shared_arrays = std::make_unique<SharedArrayStore>();
  std::unique_ptr<RowStore> rows = std::make_unique<RowStore>();
  std::unique_ptr<FileStore> shared_files = std::make_unique<FileStore>();
  std::unique_ptr<SchemaStore> proto_schemas = std::make_unique<SchemaStore>();
  std::unique_ptr<SourceStore> sources = std::make_unique<SourceStore>();
  // Fetches files that the bundle lacks, on the conductor's loop; empty: no others can be had.
  FileLoader loader;

  // setup()'s result as JSON, "" for undefined. Written before the first activation, while no VU
  // runs.
  void SetSetupData(std::string json) {
    MutexLock lock(mutex);
    setup_data = std::move(json);
  }
  std::string SetupData() {
    MutexLock lock(mutex);
    return setup_data;
  }
  Mutex mutex;
  std::string setup_data ABSL_GUARDED_BY(mutex);

  std::atomic<int64_t> t0_nanos{0};       // monotonic; 0: not started
  std::atomic<int64_t> t0_wall_nanos{0};  // since the epoch
  std::atomic<int64_t> vus_active{0}, vus_initialised{0};
  std::atomic<int64_t> iterations_completed{0}, iterations_interrupted{0};
  // That have ended here, by scenario.
  std::vector<std::atomic<int64_t>> iterations_ended;
};

}  // namespace lockstep::agent
