// The two Jobs of a manifest. Pure.
#pragma once

#include <string>

#include "nlohmann/json.hpp"

#include "coordinator/manifest/manifest.h"

namespace lockstep::coordinator {

// Of k6's REST API and the pages, as deploy/ has it; agents come to kCoordinatorPort.
inline constexpr int kRestPort = 6565;

// What all objects of a run are called, and found by.
struct RunNames {
  explicit RunNames(const ManifestSettings& settings);
  std::string base;         // "lockstep-NAME-ID"; of the Service, too
  std::string coordinator;  // of the Job
  std::string agents;       // of the Job
  std::string test;         // of the ConfigMap or claim
  std::string results;      // of the claim
};

// `role`: "coordinator" or "agent"; empty: of what is of both.
nlohmann::ordered_json MetadataOf(const ManifestSettings& settings, const std::string& name,
                                  const std::string& role);

// `in_claim`: the test is in a volume claim and not in a ConfigMap.
nlohmann::ordered_json CoordinatorJob(const ManifestSettings& settings, bool in_claim);
nlohmann::ordered_json AgentsJob(const ManifestSettings& settings, bool suspended);

}  // namespace lockstep::coordinator
