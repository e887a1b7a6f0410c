// The rows of executors.inc as values, and the loop over them. Internal to common/options.
#pragma once

#include "common/options/options.h"

namespace lockstep {

// What is known of one setting of an executor.
template <class Config, class T>
struct SettingRow {
  T Config::*member;
  const char* key = nullptr;      // in scripts and JSON
  const char* missing = nullptr;  // what is said where nobody gives it; null: the default does
  T Config::*like = nullptr;      // the setting whose value is the default; null: a constant
};

// kName: "constant-vus". ForEach calls `visit` with the SettingRow of each setting, in the order of
// the rows.
template <class Executor>
struct ExecutorSettings;

// clang-format off
#define SETTING(type, name, initial, ...) \
    visit(SettingRow<Config, type>{.member = &Config::name, __VA_ARGS__});
#define EXECUTOR(Type, name, settings)          \
  template <>                                   \
  struct ExecutorSettings<Type##Config> {       \
    static constexpr const char* kName = name;  \
    using Config = Type##Config;                \
    template <class Visit>                      \
    static void ForEach(Visit visit) {          \
      settings                                  \
    }                                           \
  };
#include "common/options/executors.inc"
// clang-format on

// Calls `visit` with a default configuration of each executor.
template <class Visit>
void ForEachExecutor(Visit visit) {
#define SETTING(...)
#define EXECUTOR(Type, ...) visit(Type##Config());
#include "common/options/executors.inc"
}

}  // namespace lockstep
