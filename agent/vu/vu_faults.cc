#include "agent/vu/vu_faults.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "agent/js/bind/call_site.h"
#include "agent/js/bind/text.h"
#include "agent/js/fault.h"
#include "agent/js/stack_trace.h"
#include "common/metrics/error_table.h"

namespace lockstep::agent {
namespace {

// The text of what was thrown. Resets `caught`, as V8 refuses to look at objects while an exception
// is on its way.
std::string TakeText(Context context, v8::TryCatch& caught) {
  const v8::Local<v8::Value> exception = caught.Exception();
  const v8::Local<v8::Message> message = caught.Message();
  caught.Reset();
  return DescribeException(context, exception, message);
}

std::string DescribeRejection(Context context, v8::Local<v8::Value> reason) {
  const v8::Local<v8::Message> message =
      v8::Exception::CreateMessage(context->GetIsolate(), reason);
  return absl::StrCat("Uncaught (in promise) ", DescribeException(context, reason, message));
}

}  // namespace

void VuFaults::LogException(Context context, v8::TryCatch& caught) {
  std::string text = TakeText(context, caught);
  CountThrown(text);
  LogFault(std::move(text));
}

void VuFaults::LogRejection(Context context, v8::Local<v8::Value> reason) {
  std::string text = DescribeRejection(context, reason);
  CountThrown(text);
  LogFault(std::move(text));
}

void VuFaults::CountThrown(absl::string_view text) {
  const FaultKind kind = KindOfFault(text);
  worker_.sink().AddError(kind.what, kScriptMethod, kind.where, worker_.loop().clock().Wall());
}

void VuFaults::LogFault(std::string text) {
  std::vector<std::pair<std::string, std::string>> fields;
  if (scenario_ != nullptr) {
    fields.emplace_back("executor", ExecutorTypeName(scenario_->executor));
    fields.emplace_back("scenario", scenario_->name);
  }
  fields.emplace_back("source", "stacktrace");
  worker_.run().logger.Log(LogLevel::kError, std::move(text), std::move(fields));
}

ScriptFailure VuFaults::FailureOf(Context context, v8::TryCatch& caught, bool interrupted) {
  if (aborted()) {
    return {.exit_code = ExitCode::kScriptAborted, .message = aborted_};
  }
  if (!caught.HasCaught() || caught.HasTerminated() || interrupted) {
    return {.exit_code = ExitCode::kGenericTimeout, .message = "interrupted"};
  }
  return {.exit_code = ExitCode::kScriptException, .message = TakeText(context, caught)};
}

std::optional<ScriptFailure> VuFaults::FailureOfRejections(World& world) {
  std::optional<ScriptFailure> failure;
  for (const v8::Local<v8::Value>& reason : world.TakeUnhandledRejections()) {
    if (failure.has_value()) {
      LogRejection(world.context(), reason);
    } else {
      failure = {.exit_code = ExitCode::kScriptException,
                 .message = DescribeRejection(world.context(), reason)};
    }
  }
  return failure;
}

void VuFaults::InterruptBlock(v8::Isolate* isolate, absl::Duration limit) {
  if (blocked()) {
    return;
  }
  const v8::HandleScope handles(isolate);
  blocked_ = Block{.limit = limit, .where = CallSiteOf(isolate).place};
  isolate->TerminateExecution();
}

void VuFaults::ReportBlock() {
  if (!blocked()) {
    return;
  }
  const Block block = *std::exchange(blocked_, std::nullopt);
  const std::string where =
      block.where.empty() ? "an unknown place" : MapFrame(*worker_.run().sources, block.where);
  const std::string limit = absl::FormatDuration(block.limit);
  // Without the column: the place in the line is where it happened to be stopped.
  absl::string_view line = absl::string_view(where).substr(where.rfind('/') + 1);
  line = line.substr(0, line.rfind(':'));
  worker_.run().health.Blocked();
  worker_.sink().AddError(absl::StrCat("interrupted: computed for ", limit, " without waiting"),
                          kScriptMethod, line, worker_.loop().clock().Wall());
  LogFault(absl::StrCat("VU ", vu_in_test_, " computed for ", limit,
                        " of processor time without waiting, at ", where,
                        "; the iteration is interrupted, as the worker's other VUs stood still "
                        "meanwhile (--max-vu-block)"));
}

}  // namespace lockstep::agent
