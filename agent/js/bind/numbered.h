// What scripts know by its number: the connections of a module. A number is never used again.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include <v8.h>

#include "absl/container/flat_hash_map.h"

namespace lockstep::agent {

template <class T>
class Numbered {
 public:
  // The number for what is to be made and added.
  uint64_t NextNumber() { return ++last_; }
  void Add(uint64_t number, std::unique_ptr<T> made) { all_[number] = std::move(made); }
  // By its number, as a function's argument has it. Null for one that is over, and for what is no
  // number.
  T* Find(v8::Local<v8::Value> number) const {
    const auto known = number->IsNumber()
                           ? all_.find(static_cast<uint64_t>(number.As<v8::Number>()->Value()))
                           : all_.end();
    return known == all_.end() ? nullptr : known->second.get();
  }
  // Destroys it.
  void Forget(uint64_t number) { all_.erase(number); }
  void Clear() { all_.clear(); }
  const absl::flat_hash_map<uint64_t, std::unique_ptr<T>>& all() const { return all_; }

 private:
  absl::flat_hash_map<uint64_t, std::unique_ptr<T>> all_;
  uint64_t last_ = 0;
};

}  // namespace lockstep::agent
