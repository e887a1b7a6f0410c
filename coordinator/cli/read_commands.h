// What the flags of a command mean: from words to the structs of coordinator/app/commands.h.
// Mistakes are collected in the words' errors.
#pragma once

#include <cstdint>
#include <vector>

#include "common/flags/flag_reader.h"
#include "coordinator/app/commands.h"

namespace lockstep::coordinator {

// ---- what several commands say: read_groups.cc ----
TestSettings ReadTest(FlagReader& reader, bool system_variables);
Partition ReadPartition(FlagReader& reader);
std::vector<int64_t> ReadWeights(FlagReader& reader);
// What becomes of the results in the end. k6's inspect takes these flags, too.
RunSettingsFlags ReadSummary(FlagReader& reader);
// `local`: the agents are processes on this machine.
RunSettingsFlags ReadRun(FlagReader& reader, bool local);
LogSettings ReadLog(FlagReader& reader);

// ---- a command each ----
CoordinatorCommand ReadCoordinator(FlagReader& reader);
ControlCommand ReadControl(FlagReader& reader, ControlCommand::Verb verb);
NewCommand ReadNew(FlagReader& reader);
ArchiveCommand ReadArchiveFlags(FlagReader& reader);
ManifestCommand ReadManifest(FlagReader& reader);
RecoverCommand ReadRecover(FlagReader& reader);
RunsCommand ReadRuns(FlagReader& reader);
CompareCommand ReadCompare(FlagReader& reader);
// `verb` is one of those of `lockstep certs`.
CertsCommand ReadCerts(FlagReader& reader, absl::string_view verb);
ReportCommand ReadReport(FlagReader& reader);

}  // namespace lockstep::coordinator
