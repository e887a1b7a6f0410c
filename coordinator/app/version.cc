#include "coordinator/app/version.h"

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

#include "common/base/version.h"

namespace lockstep::coordinator {
namespace {

// The k6 whose scripts, flags and texts these are: "2.2", as its patches change none of them.
std::string K6() {
  const std::string version = kK6Version;
  return version.substr(0, version.rfind('.'));
}

#if defined(__clang__)
constexpr char kCompiler[] = "clang " __clang_version__;
#else
constexpr char kCompiler[] = "g++ " __VERSION__;
#endif

}  // namespace

const char* SystemName() {
  return "linux";
}

const char* ArchitectureName() {
#if defined(__x86_64__)
  return "amd64";
#elif defined(__aarch64__)
  return "arm64";
#else
  return "unknown";
#endif
}

std::string VersionText(bool json) {
  if (!json) {
    return absl::StrCat("lockstep v", kVersion, " (", kCompiler, ", ", SystemName(), "/",
                        ArchitectureName(), ")\nruns scripts of k6 ", K6(), "; speaks version ",
                        kProtocolVersion, " of the fleet's protocol\n");
  }
  return nlohmann::ordered_json{{"version", std::string(kVersion)},
                                {"compiler", kCompiler},
                                {"os", SystemName()},
                                {"arch", ArchitectureName()},
                                {"k6", K6()},
                                {"protocol", kProtocolVersion}}
             .dump() +
         "\n";
}

}  // namespace lockstep::coordinator
