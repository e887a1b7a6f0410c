#include "coordinator/manifest/manifest.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "common/base/host_port.h"
#include "coordinator/manifest/manifest_pods.h"
#include "coordinator/manifest/yaml_text.h"

namespace lockstep::coordinator {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kLongestId = 20;
constexpr size_t kLongestLabel = 63;
constexpr size_t kLongestObjectName = 253;

bool IsName(absl::string_view text, size_t longest) {
  return !text.empty() && text.size() <= longest && text.front() != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
         });
}

// A label's value, or the part of its key behind the slash.
bool IsLabelWord(absl::string_view text) {
  return text.size() <= kLongestLabel && !text.empty() &&
         absl::ascii_isalnum(static_cast<unsigned char>(text.front())) &&
         absl::ascii_isalnum(static_cast<unsigned char>(text.back())) &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.';
         });
}

bool IsLabelKey(absl::string_view key) {
  const size_t slash = key.rfind('/');
  return slash == absl::string_view::npos
             ? IsLabelWord(key)
             : slash > 0 && slash <= 253 && IsLabelWord(key.substr(slash + 1));
}

// The name of an object, as DNS has it: "team-a.results".
bool IsObjectName(absl::string_view text) {
  return text.size() <= kLongestObjectName &&
         absl::c_all_of(absl::StrSplit(text, '.'),
                        [](absl::string_view part) { return IsName(part, kLongestLabel); });
}

// Flags of the coordinator that the manifest sets, and what to do instead.
constexpr std::pair<absl::string_view, absl::string_view> kOwnFlags[] = {
    {"--agents", "give --agents to `lockstep manifest`"},
    {"--credentials", "give --credentials-secret to `lockstep manifest`"},
    {"--insecure", "give --insecure to `lockstep manifest`"},
    {"--listen", "the Service leads to its port"},
    {"--address", "the Service leads to its port"},
    {"-a", "the Service leads to its port"},
    {"--result-file", "-o result=FILE writes another one"}};

bool IsUid(absl::string_view text) {
  constexpr absl::string_view kForm = "00000000-0000-0000-0000-000000000000";
  return text.size() == kForm.size() &&
         std::equal(text.begin(), text.end(), kForm.begin(), [](unsigned char c, char form) {
           return form == '-' ? c == '-' : absl::ascii_isxdigit(c) != 0;
         });
}

// "10Gi", "1.5T", "500000000".
bool IsSize(absl::string_view text) {
  constexpr absl::string_view kUnits[] = {"Ki", "Mi", "Gi", "Ti", "Pi", "Ei",
                                          "k",  "M",  "G",  "T",  "P",  "E"};
  for (const absl::string_view unit : kUnits) {
    if (absl::ConsumeSuffix(&text, unit)) {
      break;
    }
  }
  double number = 0;
  return text.find_first_not_of("0123456789.") == absl::string_view::npos &&
         absl::SimpleAtod(text, &number) && number > 0;
}

Json TestConfig(const ManifestSettings& settings, absl::string_view archive) {
  return {{"apiVersion", "v1"},
          {"kind", "ConfigMap"},
          {"metadata", MetadataOf(settings, RunNames(settings).test, "")},
          {"immutable", true},
          {"binaryData", {{"test.tar", absl::Base64Escape(archive)}}}};
}

Json ClaimOf(const ManifestSettings& settings, const std::string& name, const std::string& size) {
  Json metadata = MetadataOf(settings, name, "");
  return {{"apiVersion", "v1"},
          {"kind", "PersistentVolumeClaim"},
          {"metadata", std::move(metadata)},
          {"spec",
           {{"accessModes", Json::array({"ReadWriteOnce"})},
            {"resources", {{"requests", {{"storage", size}}}}}}}};
}

// The name that agents and people reach the coordinator under.
Json ServiceOf(const ManifestSettings& settings) {
  return {
      {"apiVersion", "v1"},
      {"kind", "Service"},
      {"metadata", MetadataOf(settings, RunNames(settings).base, "coordinator")},
      {"spec",
       {{"clusterIP", "None"},
        {"selector",
         {{"app.kubernetes.io/name", "lockstep-coordinator"}, {"lockstep/run", settings.id}}},
        {"ports",
         Json::array({{{"name", "agents"}, {"port", kCoordinatorPort}, {"targetPort", "agents"}},
                      {{"name", "rest"}, {"port", kRestPort}, {"targetPort", "rest"}}})}}}};
}

// The run's agents reach its coordinator, monitoring reaches its page, and nobody else anything.
Json PolicyOf(const ManifestSettings& settings) {
  const Json tcp_rest = {{"port", "rest"}, {"protocol", "TCP"}};
  return {
      {"apiVersion", "networking.k8s.io/v1"},
      {"kind", "NetworkPolicy"},
      {"metadata", MetadataOf(settings, RunNames(settings).base, "coordinator")},
      {"spec",
       {{"podSelector",
         {{"matchLabels",
           {{"app.kubernetes.io/name", "lockstep-coordinator"}, {"lockstep/run", settings.id}}}}},
        {"policyTypes", Json::array({"Ingress"})},
        {"ingress",
         Json::array(
             {{{"from", Json::array({{{"podSelector",
                                       {{"matchLabels",
                                         {{"app.kubernetes.io/name", "lockstep-agent"},
                                          {"lockstep/run", settings.id}}}}}}})},
               {"ports", Json::array({{{"port", "agents"}, {"protocol", "TCP"}}, tcp_rest})}},
              {{"from", Json::array({{{"namespaceSelector",
                                       {{"matchLabels", {{"lockstep/monitoring", "true"}}}}}}})},
               {"ports", Json::array({tcp_rest})}}})}}}};
}

std::string KubectlOf(const ManifestSettings& settings) {
  return settings.space.empty() ? "kubectl" : absl::StrCat("kubectl -n ", settings.space);
}

std::string HintToFill(const ManifestSettings& settings, size_t bytes) {
  const RunNames names(settings);
  const std::string kubectl = KubectlOf(settings);
  return absl::StrFormat(
      "the test has %.1f MiB, and a ConfigMap takes 1 MiB: it goes to the volume claim %s. Both Jobs "
      "are suspended until it is there. Write it with `lockstep archive` (-O test.tar), copy it into "
      "the claim as test.tar by a pod of yours that mounts it (%s cp test.tar POD:/test/test.tar), and "
      "let them begin:\n  for job in %s %s; do %s patch job $job -p '{\"spec\":{\"suspend\":false}}'; "
      "done",
      static_cast<double>(bytes) / (1 << 20), names.test, kubectl, names.coordinator, names.agents,
      kubectl);
}

// What cannot be set is told, a line for each.
std::vector<std::string> ApplySets(const ManifestSettings& settings, Json* coordinator,
                                   Json* agents) {
  std::vector<std::string> mistakes;
  for (const std::string& set : settings.sets) {
    absl::string_view rest = set;
    Json* object = absl::ConsumePrefix(&rest, "coordinator:") ? coordinator
                   : absl::ConsumePrefix(&rest, "agents:")    ? agents
                                                              : nullptr;
    const absl::Status done =
        object == nullptr
            ? absl::InvalidArgumentError("expected coordinator:PATH=VALUE or agents:PATH=VALUE")
            : SetByPath(rest, object);
    if (!done.ok()) {
      mistakes.push_back(absl::StrCat("--set: invalid value \"", set, "\": ", done.message()));
    }
  }
  return mistakes;
}

}  // namespace

std::vector<std::string> MistakesIn(const ManifestSettings& settings) {
  Json coordinator = CoordinatorJob(settings, /*in_claim=*/false);
  Json agents = AgentsJob(settings, /*suspended=*/false);
  std::vector<std::string> mistakes = ApplySets(settings, &coordinator, &agents);
  const auto wrong = [&mistakes](const char* flag, absl::string_view value,
                                 absl::string_view allowed) {
    mistakes.push_back(absl::StrCat(flag, ": invalid value \"", value, "\": expected ", allowed));
  };
  if (!IsName(settings.id, kLongestId) || settings.id.find('-') != std::string::npos) {
    wrong("--id", settings.id, "1 to 20 lower-case letters and digits");
  }
  if (!settings.space.empty() && !IsName(settings.space, kLongestLabel)) {
    wrong("--namespace", settings.space, "lower-case letters, digits and dashes, 63 at most");
  }
  if (settings.image.empty() || absl::StrContains(settings.image, ' ')) {
    wrong("--image", settings.image, "the name of an image");
  }
  for (const auto& [flag, name] : {std::pair("--credentials-secret", settings.coordinator_secret),
                                   std::pair("--agent-credentials-secret", settings.agent_secret),
                                   std::pair("--coordinator-name", settings.coordinator_name),
                                   std::pair("--variables-secret", settings.variables_secret),
                                   std::pair("--results-claim", settings.results_claim),
                                   std::pair("--queue", settings.queue)}) {
    if (!name.empty() && !IsObjectName(name)) {
      wrong(flag, name, "a name of lower-case letters, digits, dashes and dots");
    }
  }
  for (const auto& [key, value] : settings.labels) {
    if (!IsLabelKey(key) || (!value.empty() && !IsLabelWord(value))) {
      wrong("--label", absl::StrCat(key, "=", value),
            "KEY=VALUE as Kubernetes takes it: letters, digits, -, _ and ., 63 at most");
    }
  }
  for (const std::string& flag : settings.flags) {
    const absl::string_view name = absl::string_view(flag).substr(0, flag.find('='));
    const auto* const own = std::find_if(std::begin(kOwnFlags), std::end(kOwnFlags),
                                         [name](const auto& each) { return each.first == name; });
    if (own != std::end(kOwnFlags)) {
      mistakes.push_back(
          absl::StrCat("--flags: ", name, " is what the manifest sets itself: ", own->second));
    }
  }
  if (!settings.results_size.empty() && !IsSize(settings.results_size)) {
    wrong("--results-size", settings.results_size, "a size such as 10Gi or 500Mi");
  }
  if (!settings.results_size.empty() && !settings.results_claim.empty()) {
    mistakes.emplace_back(
        "--results-claim, --results-size: one names a volume claim that is there, the other makes "
        "one; give one of them");
  }
  if (!settings.owner_uid.empty() && !IsUid(settings.owner_uid)) {
    wrong("--owner-uid", settings.owner_uid,
          "the uid of the coordinator's Job, such as 0b9b0b4e-0000-4000-8000-000000000000");
  }
  if (settings.only_coordinator && !settings.owner_uid.empty()) {
    mistakes.emplace_back(
        "--only-coordinator, --owner-uid: one makes the owner, the other what it owns; give one of "
        "them");
  }
  return mistakes;
}

absl::StatusOr<Manifest> MakeManifest(const ManifestSettings& settings, absl::string_view archive) {
  if (const std::vector<std::string> mistakes = MistakesIn(settings); !mistakes.empty()) {
    return absl::InvalidArgumentError(absl::StrJoin(mistakes, "\n"));
  }
  const bool in_claim = archive.size() > kMostConfigBytes;
  const RunNames names(settings);
  Json coordinator = CoordinatorJob(settings, in_claim);
  Json agents = AgentsJob(settings, in_claim);
  ApplySets(settings, &coordinator, &agents);
  Manifest manifest;
  if (settings.only_coordinator) {
    manifest.objects.push_back(std::move(coordinator));
    return manifest;
  }
  if (in_claim) {
    const size_t mebibytes = (archive.size() >> 20) + 2;
    manifest.objects.push_back(ClaimOf(settings, names.test, absl::StrCat(mebibytes, "Mi")));
    manifest.hints.push_back(HintToFill(settings, archive.size()));
  } else {
    manifest.objects.push_back(TestConfig(settings, archive));
  }
  if (!settings.results_size.empty()) {
    // It outlives the Jobs: what owns it must not clear it away.
    ManifestSettings unowned = settings;
    unowned.owner_uid.clear();
    manifest.objects.push_back(ClaimOf(unowned, names.results, settings.results_size));
  }
  manifest.objects.push_back(ServiceOf(settings));
  manifest.objects.push_back(PolicyOf(settings));
  if (settings.owner_uid.empty()) {
    manifest.objects.push_back(std::move(coordinator));
  }
  manifest.objects.push_back(std::move(agents));
  return manifest;
}

std::string ManifestText(const ManifestSettings& settings, const Manifest& manifest) {
  const RunNames names(settings);
  const std::string kubectl = KubectlOf(settings);
  std::string text = absl::StrCat(
      "# Run ", settings.id, ". Its output, its end, and what is left of it:\n#   ", kubectl,
      " logs -f job/", names.coordinator, "\n#   ", kubectl,
      " wait --for=condition=complete --timeout=-1s job/", names.coordinator, "\n#   ", kubectl,
      " delete job,configmap,service,networkpolicy -l lockstep/run=", settings.id, "\n");
  // By its name, as results may be in another one of this run.
  if (std::any_of(manifest.objects.begin(), manifest.objects.end(), [&names](const Json& object) {
        return object["kind"] == "PersistentVolumeClaim" &&
               object["metadata"]["name"] == names.test;
      })) {
    absl::StrAppend(&text, "#   ", kubectl, " delete persistentvolumeclaim ", names.test, "\n");
  }
  for (const Json& object : manifest.objects) {
    absl::StrAppend(&text, "---\n", YamlText(object));
  }
  return text;
}

}  // namespace lockstep::coordinator
