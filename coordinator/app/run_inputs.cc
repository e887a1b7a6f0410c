#include "coordinator/app/run_inputs.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/content_hash.h"
#include "common/base/words.h"
#include "coordinator/sources/script_files.h"

namespace lockstep::coordinator {
namespace {

// What systemd sets anew for each process, so that it says nothing about a test that does not name
// it.
constexpr absl::string_view kOfEachProcess[] = {
    "INVOCATION_ID", "JOURNAL_STREAM",   "LISTEN_PID",  "LISTEN_PIDFDID",
    "MAINPID",       "SYSTEMD_EXEC_PID", "WATCHDOG_PID"};
// A larger file is data, and names no variables.
constexpr size_t kLargestScript = size_t{8} << 20;

bool IsOfEachProcess(absl::string_view variable) {
  return std::find(std::begin(kOfEachProcess), std::end(kOfEachProcess), variable) !=
         std::end(kOfEachProcess);
}

// Nothing: the file is not there.
using Find = std::optional<std::string>(const std::string& url);

RunInputs Read(const TestFiles& files, std::vector<std::string> urls,
               absl::FunctionRef<Find> find) {
  std::vector<std::string> facts;
  std::set<std::string> named;
  for (const std::string& url : urls) {
    const std::optional<std::string> content = find(url);
    facts.push_back(content.has_value() ? Sha256(*content) : "");
    if (content.has_value() && content->size() <= kLargestScript) {
      ForEachWord(*content, [&](absl::string_view word) {
        if (IsOfEachProcess(word)) {
          named.emplace(word);
        }
      });
    }
  }
  // A script may make up their names, so that all of them count.
  for (const auto& [variable, value] : files.script_env) {
    if (!IsOfEachProcess(variable) || named.contains(variable)) {
      facts.push_back(absl::StrCat(variable, "=", value));
    }
  }
  for (const SecretSource& source : files.secrets) {
    if (const auto* known = std::get_if<KnownSecrets>(&source.secrets); known != nullptr) {
      for (const auto& [key, value] : *known) {
        facts.push_back(absl::StrCat(source.name, ".", key, "=", value));
      }
    }
  }
  return {.files = std::move(urls),
          .hash = absl::BytesToHexString(Sha256(absl::StrJoin(facts, std::string(1, '\0'))))};
}

}  // namespace

RunInputs InputsOf(const TestFiles& files, const Bundle& bundle) {
  std::vector<std::string> urls;
  bundle.ForEach([&](const std::string& url, const std::string&) { urls.push_back(url); });
  bundle.ForEachMissing([&](const std::string& url, const absl::Status&) { urls.push_back(url); });
  return Read(files, std::move(urls), [&](const std::string& url) {
    const std::string* const content = bundle.Find(url);
    return content == nullptr ? std::nullopt : std::make_optional(*content);
  });
}

std::optional<RunInputs> InputsAgain(const TestFiles& files, const RunInputs& then,
                                     absl::FunctionRef<ModuleNow> module_now) {
  bool known = true;
  RunInputs now =
      Read(files, then.files, [&](const std::string& url) -> std::optional<std::string> {
        if (url == files.script.main_url) {
          return files.script.text;
        }
        if (files.archive.has_value()) {
          const std::string* const content = files.archive->Find(url);
          return content == nullptr ? std::nullopt : std::make_optional(*content);
        }
        if (IsFileUrl(url)) {
          absl::StatusOr<std::string> content = ReadFileUrl(url);
          return content.ok() ? std::make_optional(*std::move(content)) : std::nullopt;
        }
        std::optional<std::string> module = module_now(url);
        known = known && module.has_value();
        return module;
      });
  return known ? std::make_optional(std::move(now)) : std::nullopt;
}

}  // namespace lockstep::coordinator
