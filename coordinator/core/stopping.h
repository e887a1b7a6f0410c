// What iterations are told when their run ends before its time.
#pragma once

namespace lockstep::coordinator {

enum class Stopping {
  kNo,
  kGracefully,  // those that have begun may end, within their gracefulStop
  kNow,
};

}  // namespace lockstep::coordinator
