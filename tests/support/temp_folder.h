// A folder for one test, which goes with all that is in it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "common/base/check.h"

namespace lockstep::testing {

class TempFolder {
 public:
  TempFolder() { LOCKSTEP_CHECK(mkdtemp(path_.data()) != nullptr); }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }
  // A file in it, by its name or by the way to it, whose folders are made. Returns its path.
  std::string Write(const std::string& name, const std::string& content) const {
    const std::filesystem::path file = std::filesystem::path(path_ + "/" + name);
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    return file.string();
  }

 private:
  std::string path_ = ::testing::TempDir() + "lockstep-XXXXXX";
};

}  // namespace lockstep::testing
