// What runs one test on a Kubernetes cluster, as manifests: a coordinator's Job, an Indexed Job of
// agents, the test itself, and what lets them speak to each other. Every name has the run's id in
// it, so that any number of tests are there at once. Scheduling, queueing and clearing away are the
// cluster's. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"

namespace lockstep::coordinator {

struct ManifestSettings {
  std::string
      name;        // of the test, for people: a part of all names; cut and changed as they need it
  std::string id;  // of the run: 1 to 20 lower-case letters and digits, not twice in a namespace
  int64_t agents = 1;
  std::string space;  // namespace; empty: that of whoever creates it
  std::string image = "lockstep:latest";
  std::map<std::string, std::string> labels = {};  // of all objects and pods
  bool insecure = false;                           // plain text, without credentials
  std::string coordinator_secret = "lockstep-coordinator-credentials";
  std::string agent_secret = "lockstep-agent-credentials";
  // The name in the coordinator's certificate, whatever the run's Service is called.
  std::string coordinator_name = "lockstep-coordinator";
  std::string variables_secret = {};     // whose entries are variables of the script; empty: none
  std::vector<std::string> flags = {};   // further ones of `lockstep coordinator`
  std::string results_claim = {};        // a volume claim that is there; empty: see results_size
  std::string results_size = {};         // "1Gi": a claim is made; empty: results end with the pod
  absl::Duration ttl = absl::Hours(24);  // after the end
  std::string queue = {};                // a LocalQueue of Kueue; empty: none
  bool suspended = false;                // somebody else lets the Jobs begin
  std::string owner_uid = {};  // of the coordinator's Job, which is there then: the rest is its own
  bool only_coordinator = false;       // its Job and nothing else
  std::vector<std::string> sets = {};  // "coordinator:PATH=VALUE", "agents:PATH=VALUE"
};

// As much as a ConfigMap takes.
inline constexpr size_t kMostConfigBytes = size_t{1} << 20;

struct Manifest {
  std::vector<nlohmann::ordered_json> objects;
  std::vector<std::string> hints;  // what is left to do, for people
};

// All that is wrong with the settings, a line for each, naming flag and value: what Kubernetes
// would refuse, or would take and do nothing with.
std::vector<std::string> MistakesIn(const ManifestSettings& settings);

// `archive` is the test, as `lockstep archive` has it. One of more than kMostConfigBytes goes to a
// volume claim, which somebody has to fill: the Jobs are suspended then, and a hint says how.
// InvalidArgument with the settings' mistakes.
absl::StatusOr<Manifest> MakeManifest(const ManifestSettings& settings, absl::string_view archive);

// All of it, ready for `kubectl create -f -`.
std::string ManifestText(const ManifestSettings& settings, const Manifest& manifest);

}  // namespace lockstep::coordinator
