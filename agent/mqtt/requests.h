// What an MQTT client has asked of its broker and has not been answered. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/container/flat_hash_map.h"

namespace lockstep::agent {

// A request has a packet id, which MQTT counts from 1 to 65535 and then from 1 again, and a number,
// which is never another's.
class MqttRequests {
 public:
  static constexpr int kMostIds = 65'535;
  // Whether no other request would find an id.
  bool full() const { return publications_.size() + others_.size() >= kMostIds; }
  // Whether the next request's packet id would be that of one that is not answered.
  bool NextIdIsTaken() const;
  // Of the last request that libmosquitto has given one; 0: there was none.
  int last_id() const { return last_id_; }
  void NoteId(int id) { last_id_ = id; }

  // A publication of so many bytes; its number. Between the two calls libmosquitto sends it, and
  // may say already that it is done.
  int BeginPublication(int64_t bytes);
  // `sent`: it has a packet id.
  void EndPublication(int id, bool sent);
  // A subscription, or the end of one; its number.
  int Add(int id);

  // The number of what is answered; nullopt: nobody has asked for that.
  std::optional<int> TakePublication(int id);
  std::optional<int> Take(int id);

  bool empty() const { return publications_.empty() && others_.empty(); }
  // Of publications.
  int64_t bytes() const { return bytes_; }

 private:
  struct Publication {
    int number;
    int64_t bytes;
  };

  // By packet id.
  absl::flat_hash_map<int, Publication> publications_;
  absl::flat_hash_map<int, int> others_;
  std::optional<Publication> beginning_;
  int64_t bytes_ = 0;
  int last_id_ = 0, last_number_ = 0;
};

}  // namespace lockstep::agent
