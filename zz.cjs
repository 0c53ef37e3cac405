const A=require('attention'); const {tf}=A;
(async()=>{
const {train}=A.loadCharacters();
const t=performance.now();
const m=A.reversibleModel({layers:16,seed:1});
const losses=await m.train(train,{steps:12,learningRate:0.003});
console.log(losses.filter((_,i)=>i%10==0||i==59).map(x=>x.toFixed(2)).join(' '),performance.now()-t);
const ids=tf.tensor2d([[...train.subarray(0,48)]],undefined,'int32');
const {x,blocks}=m.inside(ids);
let s=[x,x]; const states=[s];
for(const b of blocks){s=A.reversibleBlock(s,b);states.push(s);}
const rms=(a)=>Math.sqrt(tf.mean(tf.square(a)).dataSync()[0]);
console.log('size', states.map(([a,b])=>rms(a).toFixed(1)+'/'+rms(b).toFixed(1)).join(' '));
let back=s; const err=[];
for(let i=blocks.length-1;i>=0;i--){back=A.invertBlock(back,blocks[i]);err.push([0,1].map(k=>(rms(tf.sub(back[k],states[i][k]))).toExponential(1)).join('/'));}
console.log('err',err.join(' '));
// local gain
for(const i of [0,4,8,15]){const v=tf.randomNormal(x.shape);const e=1e-3;for(const H of ['F','G']){const at=states[i][H==='F'?1:0];const g=rms(tf.sub(blocks[i][H].apply(tf.add(at,tf.mul(v,e)),f=>f()),blocks[i][H].apply(at,f=>f())))/e;console.log(i,H,'gain',g.toFixed(3),'size',rms(blocks[i][H].apply(at,f=>f())).toFixed(2));}}
})()
