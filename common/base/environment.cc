#include "common/base/environment.h"

#include <unistd.h>

namespace lockstep {

Environment SystemEnvironment() {
  Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (const size_t equals = text.find('='); equals != std::string::npos) {
      environment[text.substr(0, equals)] = text.substr(equals + 1);
    }
  }
  return environment;
}

std::string XdgFolder(const Environment& environment, const std::string& variable,
                      const std::string& usual) {
  const auto value = [&environment](const std::string& name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
  };
  const std::string folder = value(variable);
  const std::string home = value("HOME");
  return !folder.empty() || home.empty() ? folder : home + "/" + usual;
}

}  // namespace lockstep
