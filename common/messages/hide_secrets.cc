#include "common/messages/hide_secrets.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/base/secrets.h"

namespace lockstep {
namespace {

// Of an answer that may be a failure.
template <class Answer>
void HideInFailure(const Redactor& redactor, Answer* answer) {
  if (answer->has_failure()) {
    redactor.Redact(answer->mutable_failure()->mutable_message());
  }
}

// The value is the script's: it goes on as it is, with the secrets that nobody is to read.
void NameInSetup(const Redactor& redactor, v1::SetupDone* done) {
  HideInFailure(redactor, done);
  if (!done->has_value()) {
    return;
  }
  const auto& named = done->value().secrets();
  for (std::string& secret : redactor.FoundIn(done->value().json())) {
    if (std::find(named.begin(), named.end(), secret) == named.end()) {
      done->mutable_value()->add_secrets(std::move(secret));
    }
  }
}

}  // namespace

void HideSecrets(const Redactor& redactor, v1::AgentMessage* message) {
  using Body = v1::AgentMessage::BodyCase;
  if (redactor.empty()) {
    return;
  }
  switch (message->body_case()) {
    case Body::kInspected:
      return HideInFailure(redactor, message->mutable_inspected());
    case Body::kAssigned:
      return HideInFailure(redactor, message->mutable_assigned());
    case Body::kPrepared:
      return HideInFailure(redactor, message->mutable_prepared());
    case Body::kSetupDone:
      return NameInSetup(redactor, message->mutable_setup_done());
    case Body::kTeardownDone:
      return HideInFailure(redactor, message->mutable_teardown_done());
    case Body::kHandleSummaryDone:
      HideInFailure(redactor, message->mutable_handle_summary_done());
      for (auto& [place, content] : *message->mutable_handle_summary_done()->mutable_outputs()) {
        redactor.Redact(&content);
      }
      return;
    case Body::kScriptRequest:
      return redactor.Redact(message->mutable_script_request()->mutable_message());
    case Body::kAgentFailed:
      return redactor.Redact(message->mutable_agent_failed()->mutable_message());
    default:
      return;
  }
}

}  // namespace lockstep
