#include "coordinator/manifest/manifest_pods.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "common/base/host_port.h"

namespace lockstep::coordinator {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMetricsPort = 9100;
constexpr size_t kLongestName = 24;
// An agent that cannot reach the coordinator yet gives up after ten seconds, and is started again.
constexpr int kAgentStarts = 60;

// Of letters, digits and dashes, as names in DNS are.
std::string Slug(const std::string& name) {
  std::string slug;
  for (const char c : name) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c))) {
      slug += absl::ascii_tolower(static_cast<unsigned char>(c));
    } else if (!slug.empty() && slug.back() != '-') {
      slug += '-';
    }
  }
  slug.resize(std::min(slug.size(), kLongestName));
  while (!slug.empty() && slug.back() == '-') {
    slug.pop_back();
  }
  return slug.empty() ? "test" : slug;
}

Json PodSecurity() {
  return {{"runAsNonRoot", true},
          {"runAsUser", 10001},
          {"runAsGroup", 10001},
          {"fsGroup", 10001},
          {"seccompProfile", {{"type", "RuntimeDefault"}}}};
}

Json ContainerSecurity() {
  return {{"allowPrivilegeEscalation", false},
          {"readOnlyRootFilesystem", true},
          {"capabilities", {{"drop", Json::array({"ALL"})}}}};
}

Json FieldVariable(const char* name, const char* path) {
  return {{"name", name}, {"valueFrom", {{"fieldRef", {{"fieldPath", path}}}}}};
}

Json Liveness(const char* port) {
  return {{"httpGet", {{"path", "/healthz"}, {"port", port}}},
          {"periodSeconds", 10},
          {"failureThreshold", 6}};
}

Json SecretVolume(const std::string& secret) {
  return {{"name", "credentials"}, {"secret", {{"secretName", secret}, {"defaultMode", 0440}}}};
}

Json Mount(const char* name, const char* path, bool read_only) {
  Json mount = {{"name", name}, {"mountPath", path}};
  if (read_only) {
    mount["readOnly"] = true;
  }
  return mount;
}

Json ResultsVolume(const ManifestSettings& settings) {
  if (!settings.results_claim.empty()) {
    return {{"name", "results"},
            {"persistentVolumeClaim", {{"claimName", settings.results_claim}}}};
  }
  if (!settings.results_size.empty()) {
    return {{"name", "results"},
            {"persistentVolumeClaim", {{"claimName", RunNames(settings).results}}}};
  }
  return {{"name", "results"}, {"emptyDir", Json::object()}};
}

Json CoordinatorArguments(const ManifestSettings& settings) {
  Json arguments = {"coordinator"};
  arguments.push_back(settings.insecure ? "--insecure" : "--credentials=/credentials");
  arguments.push_back(absl::StrCat("--listen=0.0.0.0:", kCoordinatorPort));
  arguments.push_back(absl::StrCat("--address=0.0.0.0:", kRestPort));
  arguments.push_back(absl::StrCat("--agents=", settings.agents));
  arguments.push_back(absl::StrCat("--result-file=/results/", RunNames(settings).base, ".json"));
  for (const std::string& flag : settings.flags) {
    arguments.push_back(flag);
  }
  arguments.push_back("/test/test.tar");
  return arguments;
}

Json CoordinatorContainer(const ManifestSettings& settings) {
  Json container = {
      {"name", "coordinator"},
      {"image", settings.image},
      {"imagePullPolicy", "IfNotPresent"},
      {"command", Json::array({"lockstep"})},
      {"args", CoordinatorArguments(settings)},
      // Files of relative names come to the results.
      {"workingDir", "/results"},
      {"env", Json::array({{{"name", "LOCKSTEP_JOURNAL"}, {"value", "/results/journal.db"}}})}};
  if (!settings.variables_secret.empty()) {
    container["envFrom"] = Json::array({{{"secretRef", {{"name", settings.variables_secret}}}}});
  }
  container["ports"] = Json::array({{{"name", "agents"}, {"containerPort", kCoordinatorPort}},
                                    {{"name", "rest"}, {"containerPort", kRestPort}}});
  container["livenessProbe"] = Liveness("rest");
  container["resources"] = {{"requests", {{"cpu", "500m"}, {"memory", "256Mi"}}},
                            {"limits", {{"memory", "1Gi"}}}};
  container["securityContext"] = ContainerSecurity();
  container["volumeMounts"] =
      Json::array({Mount("test", "/test", true), Mount("results", "/results", false),
                   Mount("tmp", "/tmp", false)});
  if (!settings.insecure) {
    container["volumeMounts"].push_back(Mount("credentials", "/credentials", true));
  }
  return container;
}

Json AgentContainer(const ManifestSettings& settings) {
  Json arguments = {"--once",
                    absl::StrCat("--coordinator=", RunNames(settings).base, ":", kCoordinatorPort),
                    "--name=agent-$(JOB_COMPLETION_INDEX)",
                    absl::StrCat("--metrics-address=0.0.0.0:", kMetricsPort)};
  if (settings.insecure) {
    arguments.push_back("--insecure");
  } else {
    arguments.push_back("--credentials=/credentials");
    arguments.push_back(absl::StrCat("--coordinator-name=", settings.coordinator_name));
  }
  Json container = {
      {"name", "agent"},
      {"image", settings.image},
      {"imagePullPolicy", "IfNotPresent"},
      {"command", Json::array({"lockstep-agent"})},
      {"args", std::move(arguments)},
      {"env", Json::array({FieldVariable(
                  "JOB_COMPLETION_INDEX",
                  "metadata.annotations['batch.kubernetes.io/job-completion-index']")})},
      {"ports", Json::array({{{"name", "metrics"}, {"containerPort", kMetricsPort}}})},
      {"livenessProbe", Liveness("metrics")},
      // No CPU limit: throttling would show up as latency that the server does not have.
      {"resources",
       {{"requests", {{"cpu", "1"}, {"memory", "512Mi"}}}, {"limits", {{"memory", "2Gi"}}}}},
      {"securityContext", ContainerSecurity()},
      {"volumeMounts", Json::array({Mount("tmp", "/tmp", false)})}};
  if (!settings.insecure) {
    container["volumeMounts"].push_back(Mount("credentials", "/credentials", true));
  }
  return container;
}

Json Annotations(int port) {
  return {{"prometheus.io/scrape", "true"}, {"prometheus.io/port", absl::StrCat(port)}};
}

Json JobOf(const ManifestSettings& settings, const std::string& name, const char* role,
           bool suspended, Json spec) {
  Json metadata = MetadataOf(settings, name, role);
  if (!settings.queue.empty()) {
    metadata["labels"]["kueue.x-k8s.io/queue-name"] = settings.queue;
  }
  if (suspended) {
    spec["suspend"] = true;
  }
  spec["ttlSecondsAfterFinished"] = absl::ToInt64Seconds(settings.ttl);
  return {{"apiVersion", "batch/v1"},
          {"kind", "Job"},
          {"metadata", std::move(metadata)},
          {"spec", std::move(spec)}};
}

Json LabelsOf(const ManifestSettings& settings, const std::string& role) {
  Json labels = {{"app.kubernetes.io/part-of", "lockstep"}};
  if (!role.empty()) {
    labels["app.kubernetes.io/name"] = absl::StrCat("lockstep-", role);
  }
  labels["lockstep/run"] = settings.id;
  for (const auto& [key, value] : settings.labels) {
    labels[key] = value;
  }
  return labels;
}

}  // namespace

RunNames::RunNames(const ManifestSettings& settings)
    : base(absl::StrCat("lockstep-", Slug(settings.name), "-", settings.id)),
      coordinator(absl::StrCat(base, "-coordinator")),
      agents(absl::StrCat(base, "-agent")),
      test(absl::StrCat(base, "-test")),
      results(absl::StrCat(base, "-results")) {}

Json MetadataOf(const ManifestSettings& settings, const std::string& name,
                const std::string& role) {
  Json metadata = {{"name", name}};
  if (!settings.space.empty()) {
    metadata["namespace"] = settings.space;
  }
  metadata["labels"] = LabelsOf(settings, role);
  const RunNames names(settings);
  if (!settings.owner_uid.empty() && name != names.coordinator) {
    metadata["ownerReferences"] = Json::array({{{"apiVersion", "batch/v1"},
                                                {"kind", "Job"},
                                                {"name", names.coordinator},
                                                {"uid", settings.owner_uid}}});
  }
  return metadata;
}

Json CoordinatorJob(const ManifestSettings& settings, bool in_claim) {
  const RunNames names(settings);
  Json volumes = Json::array(
      {in_claim ? Json{{"name", "test"}, {"persistentVolumeClaim", {{"claimName", names.test}}}}
                : Json{{"name", "test"}, {"configMap", {{"name", names.test}}}},
       ResultsVolume(settings),
       {{"name", "tmp"}, {"emptyDir", Json::object()}}});
  if (!settings.insecure) {
    volumes.push_back(SecretVolume(settings.coordinator_secret));
  }
  Json pod = {
      {"metadata",
       {{"labels", LabelsOf(settings, "coordinator")}, {"annotations", Annotations(kRestPort)}}},
      {"spec",
       {{"restartPolicy", "Never"},
        // A graceful stop reaches all agents, teardown() runs, the summary is printed.
        {"terminationGracePeriodSeconds", 120},
        {"automountServiceAccountToken", false},
        {"securityContext", PodSecurity()},
        {"containers", Json::array({CoordinatorContainer(settings)})},
        {"volumes", std::move(volumes)}}}};
  // One Job is one run: it ends with the run's exit code, and is not started again.
  return JobOf(settings, names.coordinator, "coordinator",
               in_claim || settings.suspended || !settings.queue.empty(),
               {{"backoffLimit", 0}, {"template", std::move(pod)}});
}

Json AgentsJob(const ManifestSettings& settings, bool suspended) {
  const RunNames names(settings);
  Json volumes = Json::array({{{"name", "tmp"}, {"emptyDir", Json::object()}}});
  if (!settings.insecure) {
    volumes.push_back(SecretVolume(settings.agent_secret));
  }
  Json pod = {
      {"metadata",
       {{"labels", LabelsOf(settings, "agent")}, {"annotations", Annotations(kMetricsPort)}}},
      {"spec",
       {{"restartPolicy", "OnFailure"},
        // An agent that is told to end lets iterations end within their gracefulStop (30 s by
        // default), and hands over what it has measured.
        {"terminationGracePeriodSeconds", 60},
        {"automountServiceAccountToken", false},
        {"securityContext", PodSecurity()},
        // Two agents on one node would measure each other.
        {"topologySpreadConstraints",
         Json::array({{{"maxSkew", 1},
                       {"topologyKey", "kubernetes.io/hostname"},
                       {"whenUnsatisfiable", "ScheduleAnyway"},
                       {"labelSelector",
                        {{"matchLabels", {{"app.kubernetes.io/name", "lockstep-agent"}}}}}}})},
        {"containers", Json::array({AgentContainer(settings)})},
        {"volumes", std::move(volumes)}}}};
  return JobOf(settings, names.agents, "agent",
               suspended || settings.suspended || !settings.queue.empty(),
               {{"completionMode", "Indexed"},
                {"completions", settings.agents},
                {"parallelism", settings.agents},
                {"backoffLimit", std::max<int64_t>(kAgentStarts, 6 * settings.agents)},
                {"template", std::move(pod)}});
}

}  // namespace lockstep::coordinator
