#include "coordinator/app/run_inputs.h"

#include <algorithm>
#include <optional>
#include <set>

#include "absl/functional/function_ref.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/content_hash.h"
#include "common/base/words.h"
#include "coordinator/sources/script_files.h"

namespace lockstep::coordinator {
namespace {

// A larger file is data, and names no variables.
constexpr size_t kLargestScript = size_t{8} << 20;

// Nothing: the file is not there any more, or cannot be looked at from here.
using Find = std::optional<std::string>(const std::string& url);

RunInputs Read(const TestFiles& files, const RunInputs& then, absl::FunctionRef<Find> find) {
  std::vector<std::string> facts;
  std::set<std::string> variables(then.variables.begin(), then.variables.end());
  for (const std::string& url : then.files) {
    const std::optional<std::string> content = find(url);
    if (files.archive.has_value() || IsFileUrl(url)) {
      facts.push_back(content.has_value() ? Sha256(*content) : "");
    }
    if (!content.has_value() || content->size() > kLargestScript) {
      continue;
    }
    ForEachWord(*content, [&](absl::string_view word) {
      if (const auto named = files.script_env.find(std::string(word));
          named != files.script_env.end()) {
        variables.insert(named->first);
      }
    });
  }
  for (const std::string& variable : variables) {
    const auto set = files.script_env.find(variable);
    facts.push_back(set == files.script_env.end() ? variable
                                                  : absl::StrCat(variable, "=", set->second));
  }
  return {.files = then.files,
          .variables = {variables.begin(), variables.end()},
          .hash = absl::BytesToHexString(Sha256(absl::StrJoin(facts, std::string(1, '\0'))))};
}

}  // namespace

RunInputs InputsOf(const TestFiles& files, const Bundle& bundle) {
  RunInputs inputs;
  bundle.ForEach([&](const std::string& url, const std::string&) { inputs.files.push_back(url); });
  return Read(files, inputs, [&](const std::string& url) {
    const std::string* const content = bundle.Find(url);
    return content == nullptr ? std::nullopt : std::make_optional(*content);
  });
}

RunInputs InputsAgain(const TestFiles& files, const RunInputs& then) {
  return Read(files, then, [&](const std::string& url) -> std::optional<std::string> {
    if (url == files.script.main_url) {
      return files.script.text;
    }
    if (files.archive.has_value()) {
      const std::string* const content = files.archive->Find(url);
      return content == nullptr ? std::nullopt : std::make_optional(*content);
    }
    absl::StatusOr<std::string> content =
        IsFileUrl(url) ? ReadFileUrl(url) : absl::NotFoundError("");
    return content.ok() ? std::make_optional(*std::move(content)) : std::nullopt;
  });
}

}  // namespace lockstep::coordinator
