#include "coordinator/app/new_script.h"

#include <cerrno>
#include <string>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

#include "common/base/counted.h"
#include "common/base/read_file.h"
#include "common/base/status_macros.h"
#include "common/base/whole_file.h"
#include "common/base/write_all.h"
#include "coordinator/app/named_files.h"
#include "coordinator/console/streams.h"
#include "coordinator/convert/convert.h"
#include "coordinator/convert/script_writer.h"
#include "coordinator/convert/shell_words.h"

namespace lockstep::coordinator {
namespace {

constexpr size_t kMostWarnings = 10;

struct Made {
  std::string script;
  std::string what;  // "3 requests in 1 group"
  std::vector<std::string> left_out;
};

absl::StatusOr<Made> Convert(const NewCommand& command) {
  const std::string flag = absl::StrCat("--", command.source_flag);
  const bool is_line = *command.format == RecordingFormat::kCurl;
  std::string text = command.source;
  if (!is_line) {
    absl::StatusOr<std::string> read = ReadFile(command.source, kMaxRecordingBytes);
    if (!read.ok()) {
      return absl::NotFoundError(absl::StrCat(flag, ": cannot read the file \"", command.source,
                                              "\": ", read.status().message()));
    }
    text = *std::move(read);
  }
  absl::StatusOr<Recording> recording = ReadRecording(*command.format, text);
  if (!recording.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(flag, ": ", is_line ? "" : absl::StrCat(command.source, ": "),
                     recording.status().message()));
  }
  return Made{.script = WriteScript(*recording, is_line ? "lockstep new --from-curl"
                                                        : absl::StrCat("lockstep new ", flag, " ",
                                                                       ShellFile(command.source))),
              .what = absl::StrCat(Counted(CountRequests(*recording), "request"), " in ",
                                   Counted(recording->groups.size(), "group")),
              .left_out = recording->left_out};
}

absl::Status WriteNew(const std::string& path, absl::string_view text) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_EXCL, 0666);
  if (file < 0 && errno == EEXIST) {
    return absl::AlreadyExistsError(
        absl::StrCat("the file \"", path, "\" is there already; --force replaces it"));
  }
  int error = file < 0 ? errno : WriteAll(file, text);
  if (file >= 0 && close(file) != 0 && error == 0) {
    error = errno;
  }
  if (error == 0) {
    return absl::OkStatus();
  }
  if (file >= 0) {
    unlink(path.c_str());  // half a script is none, and would have to be forced away
  }
  return absl::UnavailableError(std::generic_category().message(error));
}

absl::Status Write(const std::string& path, absl::string_view text, bool force) {
  const absl::Status written = force ? WriteWholeFile(path, text) : WriteNew(path, text);
  return written.ok() || absl::IsAlreadyExists(written)
             ? written
             : absl::UnavailableError(
                   absl::StrCat("cannot write the file \"", path, "\": ", written.message()));
}

absl::Status Make(const NewCommand& command, Logger& logger) {
  Made made{.script = std::string(ScriptTemplate(command.template_name)),
            .what = absl::StrCat("the template ", command.template_name),
            .left_out = {}};
  if (command.format.has_value() && *command.format != RecordingFormat::kCurl) {
    const std::vector<std::string> clashes =
        ClashesOf({{"FILE", command.file},
                   {absl::StrCat("the file of --", command.source_flag), command.source,
                    NamedFile::Use::kRead}});
    if (!clashes.empty()) {
      return absl::InvalidArgumentError(clashes.front());
    }
  }
  if (command.format.has_value()) {
    LOCKSTEP_ASSIGN_OR_RETURN(made, Convert(command));
  }
  if (command.file == "-") {
    WriteStdout(made.script);
  } else {
    LOCKSTEP_RETURN_IF_ERROR(Write(command.file, made.script, command.force));
    WriteStdout(absl::StrCat("made ", command.file, ": ", made.what, "; run it with: lockstep run ",
                             ShellFile(command.file), "\n"));
  }
  for (size_t i = 0; i < made.left_out.size() && i < kMostWarnings; ++i) {
    logger.Warn(absl::StrCat("not converted: ", made.left_out[i]));
  }
  if (made.left_out.size() > kMostWarnings) {
    logger.Warn(absl::StrCat("not converted: ", made.left_out.size() - kMostWarnings,
                             " more, which are listed at the script's top"));
  }
  return absl::OkStatus();
}

}  // namespace

ExitCode ExecuteNew(const NewCommand& command, Logger& logger) {
  const absl::Status made = Make(command, logger);
  if (!made.ok()) {
    logger.Error(std::string(made.message()));
    return ExitCode::kOther;
  }
  return ExitCode::kSuccess;
}

}  // namespace lockstep::coordinator
