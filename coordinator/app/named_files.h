// The files that a command line names, to be read or written: none may take the place of another
// one. Looks at the file system and changes nothing.
#pragma once

#include <string>
#include <vector>

#include "coordinator/app/commands.h"
#include "coordinator/core/bundle.h"

namespace lockstep::coordinator {

struct NamedFile {
  // kAppend: several may add to one file.
  enum class Use { kRead, kAppend, kReplace };
  std::string flag;  // what names it: "--report", "-o json"; of kRead what it is: "the script"
  std::string path;  // empty: there is none
  Use use = Use::kReplace;
};

// What is wrong with them, a line for each file that would be lost; it names all that name the
// file, by whatever path. Devices and pipes take what comes from several.
std::vector<std::string> ClashesOf(const std::vector<NamedFile>& files);

// What a command reads, as far as the command line says.
std::vector<NamedFile> ReadFilesOf(const Command& command);
std::vector<NamedFile> ReadFilesOf(const TestSettings& test);
// What a script has read, where it is not an archive's.
std::vector<NamedFile> ReadFilesOf(const Bundle& bundle);
// Those of log lines.
std::vector<NamedFile> FilesOf(const LogSettings& log);

}  // namespace lockstep::coordinator
