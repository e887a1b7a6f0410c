#include "coordinator/output/run_outputs.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace lockstep::coordinator {
namespace {

// Names the place.
absl::Status In(const OutputSpec& spec, const absl::Status& status) {
  return status.ok()
             ? status
             : absl::Status(status.code(), absl::StrCat(spec.source, ": ", status.message()));
}

}  // namespace

OutputSpec::OutputSpec(std::string given)
    : OutputSpec(OneOf({.source = "-o", .value = std::move(given)})) {}

OutputSpec OutputSpec::OneOf(const Setting& said) {
  const std::string name = said.value.substr(0, said.value.find('='));
  const absl::string_view between = name.empty() ? "" : said.source[0] == '-' ? " " : ": ";
  return {said.value, absl::StrCat(said.source, between, name)};
}

OutputSpec::OutputSpec(const char* given) : OutputSpec(std::string(given)) {}

std::vector<std::string> MistakesIn(const std::vector<OutputSpec>& specs,
                                    const OutputContext& context) {
  std::vector<std::string> mistakes;
  for (const OutputSpec& spec : specs) {
    const MadeOutput output = MakeOutput(spec.text, context);
    if (const absl::Status checked = In(spec, output.ok() ? (*output)->Check() : output.status());
        !checked.ok()) {
      mistakes.emplace_back(checked.message());
    }
  }
  return mistakes;
}

std::vector<std::pair<std::string, OutputFile>> FilesOf(const std::vector<OutputSpec>& specs,
                                                        const OutputContext& context) {
  std::vector<std::pair<std::string, OutputFile>> files;
  for (const OutputSpec& spec : specs) {
    const MadeOutput output = MakeOutput(spec.text, context);
    if (std::optional<OutputFile> file = output.ok() ? (*output)->File() : std::nullopt;
        file.has_value()) {
      files.emplace_back(spec.source, *std::move(file));
    }
  }
  return files;
}

absl::Status RunOutputs::Start(const std::vector<OutputSpec>& specs, const OutputContext& context,
                               const std::map<std::string, int64_t>& written) {
  std::vector<std::string> errors;
  for (const OutputSpec& spec : specs) {
    OutputContext own = context;
    const auto begun = written.find(spec.text);
    if (begun != written.end()) {
      own.go_on_at = begun->second;
    }
    MadeOutput output = MakeOutput(spec.text, own);
    absl::Status started = output.status();
    if (started.ok() && begun != written.end()) {
      (*output)->LostBefore(begun->second);
    }
    if (started.ok()) {
      started = (*output)->Start();
    }
    if (started.ok()) {
      outputs_.push_back(*std::move(output));
      specs_.push_back(spec);
      troubled_.push_back(false);
    } else {
      errors.emplace_back(In(spec, started).message());
    }
  }
  return errors.empty() ? absl::OkStatus() : absl::UnavailableError(absl::StrJoin(errors, "\n"));
}

std::vector<std::string> RunOutputs::Descriptions() const {
  std::vector<std::string> descriptions;
  for (const std::unique_ptr<Output>& output : outputs_) {
    descriptions.push_back(output->Description());
  }
  return descriptions;
}

bool RunOutputs::want_points() const {
  return std::any_of(outputs_.begin(), outputs_.end(),
                     [](const std::unique_ptr<Output>& output) { return output->wants_points(); });
}

bool RunOutputs::want_history() const {
  return std::any_of(outputs_.begin(), outputs_.end(),
                     [](const std::unique_ptr<Output>& output) { return output->wants_history(); });
}

void RunOutputs::Write(const Batch& batch) {
  for (const std::unique_ptr<Output>& output : outputs_) {
    output->Write(batch);
  }
}

void RunOutputs::Flush() {
  for (const std::unique_ptr<Output>& output : outputs_) {
    output->Flush();
  }
}

std::map<std::string, int64_t> RunOutputs::Written() const {
  std::map<std::string, int64_t> written;
  for (size_t i = 0; i < outputs_.size(); ++i) {
    if (const std::optional<int64_t> bytes = outputs_[i]->Written(); bytes.has_value()) {
      written[specs_[i].text] = *bytes;
    }
  }
  return written;
}

std::vector<std::string> RunOutputs::Lost() const {
  std::vector<std::string> losses;
  for (const std::unique_ptr<Output>& output : outputs_) {
    if (std::optional<std::string> lost = output->Lost(); lost.has_value()) {
      losses.push_back(*std::move(lost));
    }
  }
  return losses;
}

void RunOutputs::TellOfTrouble(Logger& logger) {
  for (size_t i = 0; i < outputs_.size(); ++i) {
    if (troubled_[i]) {
      continue;
    }
    if (const std::optional<std::string> lost = outputs_[i]->Lost(); lost.has_value()) {
      logger.Warn(*lost);
      troubled_[i] = true;
    }
  }
}

void RunOutputs::Stop(Logger& logger) {
  for (const std::unique_ptr<Output>& output : outputs_) {
    output->BeginStop();
  }
  for (size_t i = 0; i < outputs_.size(); ++i) {
    if (const absl::Status stopped = In(specs_[i], outputs_[i]->Stop()); !stopped.ok()) {
      logger.Error(std::string(stopped.message()));
      files_.Update(stopped);
    }
  }
  for (const std::string& lost : Lost()) {
    logger.Warn(lost);
  }
}

absl::Status RunOutputs::Report(const RunReport& report, Logger& logger) {
  absl::Status complete;
  for (size_t i = 0; i < outputs_.size(); ++i) {
    if (const absl::Status reported = In(specs_[i], outputs_[i]->Report(report)); !reported.ok()) {
      logger.Error(std::string(reported.message()));
      complete.Update(reported);
    }
  }
  return complete;
}

}  // namespace lockstep::coordinator
