// Passing errors on: LOCKSTEP_RETURN_IF_ERROR(expression) and LOCKSTEP_ASSIGN_OR_RETURN(target,
// expression).
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define LOCKSTEP_RETURN_IF_ERROR(expression)        \
  do {                                              \
    ::absl::Status lockstep_status_ = (expression); \
    if (!lockstep_status_.ok()) {                   \
      return lockstep_status_;                      \
    }                                               \
  } while (false)

#define LOCKSTEP_STATUS_CONCAT_INNER(a, b) a##b
#define LOCKSTEP_STATUS_CONCAT(a, b) LOCKSTEP_STATUS_CONCAT_INNER(a, b)

#define LOCKSTEP_ASSIGN_OR_RETURN(target, expression) \
  LOCKSTEP_ASSIGN_OR_RETURN_IMPL(LOCKSTEP_STATUS_CONCAT(lockstep_or_, __LINE__), target, expression)

#define LOCKSTEP_ASSIGN_OR_RETURN_IMPL(result, target, expression) \
  auto result = (expression);                                      \
  if (!result.ok()) {                                              \
    return std::move(result).status();                             \
  }                                                                \
  target = *std::move(result)
