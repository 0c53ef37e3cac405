/** Makes the operations known to TensorFlow when Node loads the library. */
#include <node_api.h>

#include "operations.h"

/** @returns what went wrong, or nothing */
static std::string define_all() {
  try {
    define<adam>("AttentionAdam", {{"theta: N", "gradients: N", "m: N", "v: N", "numbers"},
                                   {"next: N", "length"},
                                   {"N"}});
    define<attention>("AttentionHeads",
                      {{"q", "k", "v", "mask", "scale"}, {"context", "weights"}, {"heads"}});
    define<attention_gradient>(
        "AttentionHeadsGradient",
        {{"d_context", "d_weights", "q", "k", "v", "mask", "scale", "weights"},
         {"d_q", "d_k", "d_v"},
         {"heads"}});
    define<packed_attention>("AttentionPacked",
                             {{"qkv", "mask", "scale"}, {"context", "weights"}, {"heads"}});
    define<packed_attention_gradient>(
        "AttentionPackedGradient",
        {{"d_context", "d_weights", "qkv", "mask", "scale", "weights"}, {"d_qkv"}, {"heads"}});
    define<distance_attention>(
        "AttentionDistances",
        {{"q", "k", "v", "q_distance", "r", "mask", "scale"}, {"context", "weights"}, {"heads"}});
    define<distance_attention_gradient>(
        "AttentionDistancesGradient",
        {{"d_context", "d_weights", "q", "k", "v", "q_distance", "r", "mask", "scale", "weights"},
         {"d_q", "d_k", "d_v", "d_q_distance", "d_r"},
         {"heads"}});
    define<additive_attention>("AttentionAdditive", {{"q", "k", "v", "values", "mask"},
                                                     {"context", "weights", "layer"},
                                                     {}});
    define<additive_attention_gradient>(
        "AttentionAdditiveGradient",
        {{"d_context", "d_weights", "q", "k", "v", "values", "mask", "weights", "layer"},
         {"d_q", "d_k", "d_v", "d_values"},
         {}});
    define<soft_attention>("AttentionSoft",
                           {{"logits", "values", "mask"}, {"context", "weights"}, {}});
    define<soft_attention_gradient>(
        "AttentionSoftGradient",
        {{"d_context", "d_weights", "logits", "values", "mask", "weights"},
         {"d_logits", "d_values"},
         {}});
    define<block_attention>(
        "AttentionBlocks",
        {{"q", "k", "v", "queries: int32", "keys: int32", "seen: int32", "shown", "scale"},
         {"context", "log_z", "weights"},
         {}});
    define<block_attention_gradient>(
        "AttentionBlocksGradient",
        {{"d_context", "d_log_z", "d_weights", "q", "k", "v", "queries: int32", "keys: int32",
          "seen: int32", "shown", "scale", "weights"},
         {"d_q", "d_k", "d_v"},
         {}});
    define<dense>("AttentionDense", {{"x", "w: N", "b: N"}, {"y"}, {"N"}});
    define<dense_gradient>(
        "AttentionDenseGradient",
        {{"d_y", "x", "w: N", "b: N"}, {"d_x", "d_w: N", "d_b: N"}, {"N"}});
    define<dense_relu>("AttentionDenseRelu", {{"x", "w: N", "b: N"}, {"y"}, {"N"}});
    define<dense_relu_gradient>(
        "AttentionDenseReluGradient",
        {{"d_y", "x", "w: N", "b: N", "y"}, {"d_x", "d_w: N", "d_b: N"}, {"N"}});
    define<heads_apart>("AttentionHeadsApart", {{"x"}, {"y: parts"}, {"heads", "parts"}});
    define<heads_together>("AttentionHeadsTogether", {{"x: parts"}, {"y"}, {"heads", "parts"}});
    define<layer_norm>("AttentionLayerNorm",
                       {{"x: N", "gain", "bias", "epsilon"}, {"y", "normal", "rate"}, {"N"}});
    define<layer_norm_gradient>(
        "AttentionLayerNormGradient",
        {{"d_y", "x: N", "gain", "bias", "epsilon", "normal", "rate"},
         {"d_x: N", "d_gain", "d_bias"},
         {"N"}});
    define<lsh>("AttentionLsh", {{"q", "v", "scale", "buckets: int32", "shown"},
                                 {"context", "normalisers"},
                                 {"rounds", "chunk_length", "causal", "across_buckets"}});
    define<lsh_gradient>(
        "AttentionLshGradient",
        {{"d_context", "q", "v", "scale", "buckets: int32", "shown", "context", "normalisers"},
         {"d_q", "d_v"},
         {"rounds", "chunk_length", "causal", "across_buckets"}});
    define<lstm>("AttentionLstm", {{"x", "initial", "w", "b", "visible"},
                                   {"states", "activated"},
                                   {"reverse"}});
    define<lstm_gradient>("AttentionLstmGradient", {{"d_states", "x", "initial", "w", "b", "visible",
                                                     "states", "activated"},
                                                    {"d_x", "d_initial", "d_w", "d_b"},
                                                    {"reverse"}});
    define<lstmn>("AttentionLstmn", {{"x", "w", "u", "v", "gates", "bias"},
                                     {"tapes", "weights", "activated", "summaries", "layer"},
                                     {}});
    define<lstmn_gradient>(
        "AttentionLstmnGradient",
        {{"d_tapes", "d_weights", "x", "w", "u", "v", "gates", "bias", "tapes", "weights",
          "activated", "summaries", "layer"},
         {"d_x", "d_w", "d_u", "d_v", "d_gates", "d_bias"},
         {}});
    define<rotary>("AttentionRotary", {{"x"}, {"y"}, {"heads", "parts", "start"}});
    define<rotary_gradient>("AttentionRotaryGradient",
                            {{"d_y", "x"}, {"d_x"}, {"heads", "parts", "start"}});
    define<gru>("AttentionGru",
                {{"x", "initial", "gates", "candidate", "gates_bias", "candidate_bias", "visible"},
                 {"states", "r_and_u", "h"},
                 {"reverse"}});
    define<gru_gradient>(
        "AttentionGruGradient",
        {{"d_states", "x", "initial", "gates", "candidate", "gates_bias", "candidate_bias",
          "visible", "states", "r_and_u", "h"},
         {"d_x", "d_initial", "d_gates", "d_candidate", "d_gates_bias", "d_candidate_bias"},
         {"reverse"}});
    define<attentive_gru>(
        "AttentionAttentiveGru",
        {{"x", "initial", "values", "keys", "w", "v", "gates", "candidate", "gates_bias",
          "candidate_bias", "visible"},
         {"outputs", "r_and_u", "h", "layer", "weights"},
         {}});
    define<attentive_gru_gradient>(
        "AttentionAttentiveGruGradient",
        {{"d_outputs", "x", "initial", "values", "keys", "w", "v", "gates", "candidate",
          "gates_bias", "candidate_bias", "visible", "outputs", "r_and_u", "h", "layer", "weights"},
         {"d_x", "d_initial", "d_values", "d_keys", "d_w", "d_v", "d_gates", "d_candidate",
          "d_gates_bias", "d_candidate_bias"},
         {}});
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

extern "C" NAPI_MODULE_EXPORT napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  static const std::string problem = define_all();  // once, however often it is required
  if (!problem.empty()) napi_throw_error(env, nullptr, problem.c_str());
  return exports;
}
