#include "coordinator/app/known_variables.h"

#include "coordinator/output/sink_settings.h"
#include "coordinator/secrets/secret_source.h"

namespace lockstep::coordinator {

std::vector<std::string> VariablesOfOutputsAndSecrets() {
  std::vector<std::string> variables = SecretVariables();
  for (const absl::string_view variable : SinkVariables()) {
    variables.emplace_back(variable);
  }
  return variables;
}

}  // namespace lockstep::coordinator
