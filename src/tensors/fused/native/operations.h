/** All operations of the library, each in the file of its name. */
#pragma once

#include "operation.h"

void adam(Call& call);
void gru(Call& call);
void gru_gradient(Call& call);
void attentive_gru(Call& call);
void attentive_gru_gradient(Call& call);
void attention(Call& call);
void attention_gradient(Call& call);
void packed_attention(Call& call);
void packed_attention_gradient(Call& call);
void distance_attention(Call& call);
void distance_attention_gradient(Call& call);
void additive_attention(Call& call);
void additive_attention_gradient(Call& call);
void soft_attention(Call& call);
void soft_attention_gradient(Call& call);
void block_attention(Call& call);
void block_attention_gradient(Call& call);
void dense(Call& call);
void dense_gradient(Call& call);
void dense_relu(Call& call);
void dense_relu_gradient(Call& call);
void heads_apart(Call& call);
void heads_together(Call& call);
void layer_norm(Call& call);
void layer_norm_gradient(Call& call);
void lsh(Call& call);
void lsh_gradient(Call& call);
void lstm(Call& call);
void lstm_gradient(Call& call);
void lstmn(Call& call);
void lstmn_gradient(Call& call);
void rotary(Call& call);
void rotary_gradient(Call& call);
